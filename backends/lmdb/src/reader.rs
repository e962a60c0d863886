//! Reading all trees, by what a snapshot and a transaction have in common.

use arbour_core::engine::keyspace::stored_key;
use arbour_core::{Operation, Result, Tree};
use heed::RoTxn;

use crate::catalog::{self, Numbers};
use crate::{LmdbStore, error};

#[derive(Clone, Copy)]
pub(crate) struct Reader<'t> {
    pub(crate) store: &'t LmdbStore,
    pub(crate) numbers: &'t Numbers,
    pub(crate) transaction: &'t RoTxn<'t>,
}

impl<'t> Reader<'t> {
    #[inline]
    pub(crate) fn get(self, tree: &Tree, key: &[u8]) -> Result<Option<&'t [u8]>> {
        self.store.check_tree(tree, Operation::Get)?;
        let found = match self.numbers.get(self.transaction, tree, Operation::Get) {
            Ok(None) => return Ok(None),
            Ok(Some(number)) => self
                .numbers
                .entries()
                .get(self.transaction, &stored_key(number, key))
                .map_err(|cause| error::engine(cause, Operation::Get)),
            Err(error) => Err(error),
        };
        found.map_err(|error| self.store.locate(error).with_tree(tree.name()).with_key(key))
    }

    pub(crate) fn trees(self) -> Result<Vec<String>> {
        catalog::trees(self.numbers.entries(), self.transaction, Operation::Trees)
            .map_err(|error| self.store.locate(error))
    }
}
