//! The collection of packages, and the fields by which it is searched.

use std::ops::ControlFlow;

use arbour::documents::{Collection, Declaration, Field, FieldKind, Ids, Index};
use arbour::{KvStore, Result};

use crate::package::Package;
use crate::progress::Progress;

/// The fields, as filters name them.
pub(crate) const NAME: &str = "name";
pub(crate) const SECTION: &str = "section";
pub(crate) const MAINTAINER: &str = "maintainer";
pub(crate) const INSTALLED_SIZE: &str = "installed_size";
pub(crate) const DEPENDS: &str = "depends";
pub(crate) const DESCRIPTION: &str = "description";

/// Declares the collection. The name needs no index: it is the id, and documents are in its order.
fn declaration() -> Declaration<Package> {
    Declaration::new("packages")
        .id(NAME, Ids::Chosen)
        .field(Field::path(SECTION).of(FieldKind::Text))
        .field(Field::path(MAINTAINER).of(FieldKind::Text))
        .field(Field::path(INSTALLED_SIZE).of(FieldKind::Integer))
        .field(Field::path(DEPENDS).of(FieldKind::Text).many())
        .field(Field::path(DESCRIPTION).of(FieldKind::Text))
        .index(Index::on(SECTION).then_descending(INSTALLED_SIZE))
        .index(Index::on(MAINTAINER))
        .index(Index::on(INSTALLED_SIZE).sparse())
        .index(Index::on(DEPENDS))
        .index(Index::words(DESCRIPTION))
}

/// Opens the collection. Indexes that another version of this program declared differently are
/// rebuilt, with a progress bar.
pub(crate) fn open<S: KvStore>(store: &S) -> Result<Collection<Package>> {
    let packages = Collection::declare(store, declaration())?;
    let progress = Progress::of_documents("building indexes");
    packages.build(store, &mut |done| {
        progress.at(done);
        ControlFlow::Continue(())
    })?;
    Ok(packages)
}
