//! The variables of users, and their number.

use std::fmt;
use std::sync::Arc;

use arbour::codec::ZeroCopy;
use arbour::{Direction, KvRead, KvStore, KvWrite, OpenTree, TypedTree};
use zerocopy::little_endian::I32;

use super::{Error, Scope};

/// The default limit of variables per user and room.
pub const LIMIT_DEFAULT: u32 = 100;

/// The key of a variable: `user FE room FF name`.
pub(super) type VariableKey = ((String, String), String);

/// The key of a count: `user FE room`.
pub(super) type CountKey = ((String, String),);

const VALUES: TypedTree<VariableKey, I32, ZeroCopy> = TypedTree::new("room_user_variables");
const COUNTS: TypedTree<CountKey, I32, ZeroCopy> = TypedTree::new("room_user_variable_count");

/// The result of storing a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// There is one more variable now.
    New,
    /// The variable existed and has this value now.
    Updated,
}

/// The variables of users, in two trees that always change together.
pub struct Variables<S: KvStore> {
    pub(super) store: Arc<S>,
    pub(super) values: OpenTree<VariableKey, I32, ZeroCopy>,
    pub(super) counts: OpenTree<CountKey, I32, ZeroCopy>,
    limit: u32,
}

impl<S: KvStore> Variables<S> {
    pub(super) fn new(store: Arc<S>, limit: u32) -> Result<Self, Error> {
        Ok(Self {
            values: VALUES.open(&*store)?,
            counts: COUNTS.open(&*store)?,
            store,
            // A count is stored as an `i32`.
            limit: limit.min(i32::MAX.unsigned_abs()),
        })
    }

    /// Gets the value of a variable.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such variable.
    pub fn get(&self, scope: Scope<'_>, name: &str) -> Result<i32, Error> {
        let value = self.values.get(&self.store.snapshot()?, (scope.group(), name))?;
        Ok(value.ok_or_else(|| Error::not_found(scope, name))?.get())
    }

    /// Lists the variables of a scope in the order of the bytes of their names.
    ///
    /// # Errors
    /// [`Error::Store`] if one of them cannot be decoded: a list is complete or an error.
    pub fn list(&self, scope: Scope<'_>) -> Result<Vec<(String, i32)>, Error> {
        let snapshot = self.store.snapshot()?;
        let entries = self.values.prefix(&snapshot, scope.group(), Direction::Forward)?;
        let mut variables = Vec::new();
        for entry in entries {
            let ((_, name), value) = entry?;
            variables.push((name, value.get()));
        }
        Ok(variables)
    }

    /// Returns the number of variables of a scope, without reading them.
    ///
    /// # Errors
    /// [`Error::ImpossibleCount`] if the stored count is negative.
    pub fn count(&self, scope: Scope<'_>) -> Result<u32, Error> {
        self.count_in(&self.store.snapshot()?, scope)
    }

    /// Sets a variable in a transaction of its own; see [`set_in`](Self::set_in).
    ///
    /// # Errors
    /// As [`set_in`](Self::set_in).
    pub fn set(&self, scope: Scope<'_>, name: &str, value: i32) -> Result<Change, Error> {
        self.store.try_write(|transaction| self.set_in(transaction, scope, name, value))
    }

    /// Sets a variable within the caller's transaction. An existing variable can be changed even if
    /// the scope is full.
    ///
    /// # Errors
    /// [`Error::TooManyEntries`] if it is new and the scope is full. The transaction is unchanged
    /// and can continue.
    pub fn set_in<W: KvWrite>(
        &self,
        transaction: &mut W,
        scope: Scope<'_>,
        name: &str,
        value: i32,
    ) -> Result<Change, Error> {
        let key = (scope.group(), name);
        let value = I32::new(value);
        if self.values.contains(transaction, key)? {
            self.values.put(transaction, key, &value)?;
            return Ok(Change::Updated);
        }
        let count = self.count_in(transaction, scope)?;
        if count >= self.limit {
            return Err(Error::too_many_entries(scope, self.limit));
        }
        // The value goes first: its key is the longer one, so it is the one that may be refused.
        self.values.put(transaction, key, &value)?;
        self.put_count(transaction, scope, count + 1)?;
        Ok(Change::New)
    }

    /// Deletes a variable in a transaction of its own; see [`delete_in`](Self::delete_in).
    ///
    /// # Errors
    /// As [`delete_in`](Self::delete_in).
    pub fn delete(&self, scope: Scope<'_>, name: &str) -> Result<(), Error> {
        self.store.try_write(|transaction| self.delete_in(transaction, scope, name))
    }

    /// Deletes a variable within the caller's transaction, and the count with the last of them.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such variable; [`Error::ImpossibleCount`] if the count
    /// says that there is none. The transaction is unchanged and can continue.
    pub fn delete_in<W: KvWrite>(
        &self,
        transaction: &mut W,
        scope: Scope<'_>,
        name: &str,
    ) -> Result<(), Error> {
        let key = (scope.group(), name);
        if !self.values.contains(transaction, key)? {
            return Err(Error::not_found(scope, name));
        }
        let left = match self.count_in(transaction, scope)?.checked_sub(1) {
            Some(left) => left,
            None => return Err(Error::impossible_count(scope, 0)),
        };
        self.values.delete(transaction, key)?;
        self.put_count(transaction, scope, left)
    }

    fn count_in<R: KvRead>(&self, reader: &R, scope: Scope<'_>) -> Result<u32, Error> {
        let stored = self.counts.get(reader, (scope.group(),))?;
        let stored = stored.map_or(0, I32::get);
        u32::try_from(stored).map_err(|_| Error::impossible_count(scope, stored))
    }

    /// Stores a count; a count of zero is not stored.
    pub(super) fn put_count<W: KvWrite>(
        &self,
        transaction: &mut W,
        scope: Scope<'_>,
        count: u32,
    ) -> Result<(), Error> {
        let key = (scope.group(),);
        if count == 0 {
            return Ok(self.counts.delete(transaction, key)?);
        }
        let count = i32::try_from(count).map_err(|_| Error::too_many_entries(scope, self.limit))?;
        Ok(self.counts.put(transaction, key, &I32::new(count))?)
    }
}

impl<S: KvStore> fmt::Debug for Variables<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variables").field("limit", &self.limit).finish_non_exhaustive()
    }
}
