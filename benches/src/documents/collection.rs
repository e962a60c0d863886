//! A collection of articles, and the work that is measured on it.

use arbour::documents::{
    Collection, Declaration, Field, FieldKind, Filter, Index, Precondition, Selection,
};
use arbour_core::{Durability, KvStore, KvWrite as _, Result};

use super::article::Article;

/// The name of every collection that is measured.
pub(super) const NAME: &str = "articles";

/// The fields that are indexed, in the order in which indexes are added.
pub(super) const INDEXED: [&str; 3] = ["shelf", "price", "maker"];

/// How many documents a page has.
const PAGE: usize = 50;

/// Articles in a store.
pub(super) struct Articles<'s, S> {
    pub(super) store: &'s S,
    pub(super) collection: Collection<Article>,
}

/// Opens the collection with the requested number of indexes. The first one is sparse.
pub(super) fn open<S: KvStore>(store: &S, indexes: usize) -> Result<Articles<'_, S>> {
    let mut declaration = Declaration::new(NAME);
    for (number, name) in INDEXED.into_iter().take(indexes).enumerate() {
        let kind = if name == "maker" { FieldKind::Text } else { FieldKind::Integer };
        let index = if number == 0 { Index::on(name).sparse() } else { Index::on(name) };
        declaration = declaration.field(Field::path(name).of(kind)).index(index);
    }
    let collection = Collection::open(store, declaration)?;
    Ok(Articles { store, collection })
}

/// The filter for the articles of a shelf.
pub(super) fn on(shelf: u64) -> Filter<Article> {
    Filter::eq("shelf", shelf)
}

impl<S: KvStore> Articles<'_, S> {
    /// Sets articles in one transaction that survives power loss.
    pub(super) fn set(&self, articles: &[Article]) -> Result<()> {
        let mut transaction = self.store.begin_with(Durability::PowerLoss)?;
        let written = self.collection.put_many(&mut transaction, articles, Precondition::None);
        for written in written? {
            written?;
        }
        transaction.commit()
    }

    /// Gets articles in one snapshot, one after another.
    pub(super) fn gets(&self, ids: &[String]) -> Result<u64> {
        let snapshot = self.store.snapshot()?;
        let mut seen = 0;
        for id in ids {
            let found = self.collection.get(&snapshot, id)?;
            seen += found.map_or(0, |found| found.look());
        }
        Ok(seen)
    }

    /// Searches shelf after shelf in one snapshot.
    pub(super) fn searches(&self, shelves: &[u64]) -> Result<u64> {
        let snapshot = self.store.snapshot()?;
        let mut seen = 0;
        for shelf in shelves {
            let found = self.collection.find(on(*shelf)).list(&snapshot)?;
            seen += found.iter().map(Article::look).sum::<u64>();
        }
        Ok(seen)
    }

    /// Counts the articles of shelf after shelf in one snapshot.
    pub(super) fn counts(&self, shelves: &[u64]) -> Result<u64> {
        let snapshot = self.store.snapshot()?;
        let count = |shelf: &u64| self.collection.find(on(*shelf)).count(&snapshot);
        shelves.iter().map(count).sum()
    }

    /// Selects the articles whose shelf is known, shelf by shelf.
    pub(super) fn by_shelf(&self) -> Selection<Article> {
        self.collection.find(Filter::at_least("shelf", 0)).ascending("shelf")
    }

    /// Reads a selection page by page, each in a snapshot of its own, and returns the number of
    /// documents.
    pub(super) fn pages(&self, selection: Selection<Article>) -> Result<usize> {
        let (mut found, mut count) = (selection.limit(PAGE), 0);
        loop {
            let page = found.page(&self.store.snapshot()?)?;
            count += page.items.len();
            let Some(next) = page.next else { return Ok(count) };
            found = found.at(next);
        }
    }
}
