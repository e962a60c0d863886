//! The collection of packages, and the fields by which it is searched.

use std::ops::ControlFlow;

use arbour::documents::{Collection, Declaration, Field, FieldKind, Ids, Index, TypedField};
use arbour::{KvStore, Result};

use crate::package::Package;
use crate::progress::Progress;

/// A field of packages, by which they are searched.
type PackageField<V> = TypedField<Package, V>;

pub(crate) const NAME: PackageField<String> = TypedField::new("name");
pub(crate) const SECTION: PackageField<Option<String>> = TypedField::new("section");
pub(crate) const MAINTAINER: PackageField<Option<String>> = TypedField::new("maintainer");
pub(crate) const INSTALLED_SIZE: PackageField<Option<u64>> = TypedField::new("installed_size");
pub(crate) const DEPENDS: PackageField<Vec<String>> = TypedField::new("depends");
pub(crate) const DESCRIPTION: PackageField<Option<String>> = TypedField::new("description");

/// Declares the collection. The name needs no index: it is the id, and documents are in its order.
fn declaration() -> Declaration<Package> {
    Declaration::new("packages")
        .id(NAME.name(), Ids::Chosen)
        .field(Field::path(SECTION.name()).of(FieldKind::Text))
        .field(Field::path(MAINTAINER.name()).of(FieldKind::Text))
        .field(Field::path(INSTALLED_SIZE.name()).of(FieldKind::Integer))
        .field(Field::path(DEPENDS.name()).of(FieldKind::Text).many())
        .field(Field::path(DESCRIPTION.name()).of(FieldKind::Text))
        .index(Index::on(SECTION.name()).then_descending(INSTALLED_SIZE.name()))
        .index(Index::on(MAINTAINER.name()))
        .index(Index::on(INSTALLED_SIZE.name()).sparse())
        .index(Index::on(DEPENDS.name()))
        .index(Index::words(DESCRIPTION.name()))
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
