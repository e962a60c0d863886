//! The names of trees and their numbers in the file.
//!
//! A number is given when a tree is first written, by the transaction that does so, and never
//! changes. So each process may remember the numbers that it has found committed.
//!
//! ```text
//! 00000000            the mark of the format, and the number of the next tree
//! 00000000 NAME       number of the tree of that name
//! ```

use std::cell::RefCell;
use std::ops::Bound;
use std::sync::Arc;

use arbour_core::engine::keyspace::{CATALOG, TreeNumber, first_of, is_of, key_of, stored_key};
use arbour_core::{Error, ErrorKind, Operation, Result, Tree};
use heed::{RoTxn, RwTxn};

use crate::environment::{Entries, Environment};
use crate::error::{self, corrupted};

/// What begins the value of the mark, the entry of the catalog without a name.
const MAGIC: &[u8; 6] = b"arbour";

/// The version of the format, which follows.
const VERSION: u8 = 1;

/// An open environment, and the numbers that are known to be committed, by the number of the handle;
/// 0 is unknown.
pub(crate) struct View {
    pub(crate) environment: Arc<Environment>,
    pub(crate) numbers: Vec<TreeNumber>,
}

/// The numbers of trees as one snapshot or transaction sees them.
pub(crate) struct Numbers {
    view: Arc<View>,
    /// Those that the view does not have yet, in the same form.
    found: RefCell<Vec<TreeNumber>>,
}

impl Numbers {
    pub(crate) fn new(view: Arc<View>) -> Self {
        Self { view, found: RefCell::default() }
    }

    #[inline]
    pub(crate) fn entries(&self) -> Entries {
        self.view.environment.entries
    }

    /// Returns the number of a tree; `None` if it was never written.
    #[inline]
    pub(crate) fn get(
        &self,
        transaction: &RoTxn<'_>,
        tree: &Tree,
        operation: Operation,
    ) -> Result<Option<TreeNumber>> {
        let known = known(&self.view.numbers, tree).or_else(|| known(&self.found.borrow(), tree));
        match known {
            Some(number) => Ok(Some(number)),
            None => self.find(transaction, tree, operation),
        }
    }

    fn find(
        &self,
        transaction: &RoTxn<'_>,
        tree: &Tree,
        operation: Operation,
    ) -> Result<Option<TreeNumber>> {
        let stored = self.entries().get(transaction, &stored_key(CATALOG, tree.name().as_bytes()));
        let stored = stored.map_err(|cause| error::engine(cause, operation))?;
        let number = stored.map(|number| number_in(number, operation)).transpose()?;
        if let Some(number) = number {
            self.remember(tree, number);
        }
        Ok(number)
    }

    fn remember(&self, tree: &Tree, number: TreeNumber) {
        let (mut found, place) = (self.found.borrow_mut(), tree.number() as usize);
        if found.len() <= place {
            found.resize(place + 1, 0);
        }
        if let Some(known) = found.get_mut(place) {
            *known = number;
        }
    }

    /// Returns the number of a tree, giving it one if it has none.
    pub(crate) fn get_or_enter(
        &self,
        transaction: &mut RwTxn<'_>,
        tree: &Tree,
        operation: Operation,
    ) -> Result<TreeNumber> {
        if let Some(number) = self.get(transaction, tree, operation)? {
            return Ok(number);
        }
        let number = next_number(self.entries(), transaction, operation)?.unwrap_or(CATALOG + 1);
        if number >= TreeNumber::MAX - 1 {
            let message = "all numbers for trees are used: copy the store to a new one";
            return Err(Error::new(ErrorKind::Engine, operation, message));
        }
        let name = stored_key(CATALOG, tree.name().as_bytes());
        let entered = self.entries().put(transaction, &name, &number.to_be_bytes());
        entered.map_err(|cause| error::engine(cause, operation))?;
        write_mark(self.entries(), transaction, number + 1, operation)?;
        self.remember(tree, number);
        Ok(number)
    }

    /// Takes what the view does not have, with the view that it belongs to.
    pub(crate) fn take_found(&self) -> Vec<TreeNumber> {
        self.found.take()
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.view.environment
    }
}

#[inline]
fn known(numbers: &[TreeNumber], tree: &Tree) -> Option<TreeNumber> {
    numbers.get(tree.number() as usize).copied().filter(|number| *number != 0)
}

/// Returns the names of the trees with entries, sorted.
pub(crate) fn trees(
    entries: Entries,
    transaction: &RoTxn<'_>,
    operation: Operation,
) -> Result<Vec<String>> {
    let failed = |cause| error::engine(cause, operation);
    // Without the mark, whose name is empty.
    let (mark, end) = (first_of(CATALOG), first_of(CATALOG + 1));
    let range = (Bound::Excluded(&*mark), Bound::Excluded(&*end));
    let mut names = Vec::new();
    for entry in entries.range(transaction, &range).map_err(failed)? {
        let (name, number) = entry.map_err(failed)?;
        let number = number_in(number, operation)?;
        let next = entries.get_greater_than_or_equal_to(transaction, &first_of(number));
        if next.map_err(failed)?.is_some_and(|(key, _)| is_of(number, key)) {
            let name = str::from_utf8(key_of(name)).map_err(|_| damaged(operation))?;
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Returns the number of the next tree; `None` if there is no mark, because the store is new.
pub(crate) fn next_number(
    entries: Entries,
    transaction: &RoTxn<'_>,
    operation: Operation,
) -> Result<Option<TreeNumber>> {
    let mark = entries.get(transaction, &first_of(CATALOG));
    match mark.map_err(|cause| error::engine(cause, operation))? {
        Some(mark) => match mark.strip_prefix(MAGIC) {
            Some([VERSION, number @ ..]) => number_in(number, operation).map(Some),
            Some([version, ..]) if *version > VERSION => {
                let message = format!(
                    "the store has format {version}, and this program knows formats up to {VERSION}"
                );
                Err(Error::new(ErrorKind::TooNew, operation, message))
            }
            _ => Err(damaged(operation)),
        },
        None if entries
            .is_empty(transaction)
            .map_err(|cause| error::engine(cause, operation))? =>
        {
            Ok(None)
        }
        None => {
            let message = "the folder has a database of LMDB, but another program has made it";
            Err(corrupted(operation, message))
        }
    }
}

/// Writes the mark of a store, with the number of the next tree.
pub(crate) fn write_mark(
    entries: Entries,
    transaction: &mut RwTxn<'_>,
    next: TreeNumber,
    operation: Operation,
) -> Result<()> {
    let mark = [&MAGIC[..], &[VERSION], &next.to_be_bytes()].concat();
    let written = entries.put(transaction, &first_of(CATALOG), &mark);
    written.map_err(|cause| error::engine(cause, operation))
}

fn number_in(bytes: &[u8], operation: Operation) -> Result<TreeNumber> {
    let number = bytes.try_into().map(TreeNumber::from_be_bytes).ok();
    number.filter(|number| *number != CATALOG).ok_or_else(|| damaged(operation))
}

fn damaged(operation: Operation) -> Error {
    corrupted(operation, "the list of the trees is damaged")
}
