//! One operation of a batch.

use arbour::{DynTransaction, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::entries::Entries;

/// An operation of a batch; in JSON as the original has it:
/// `{"type":"put","key":"event:1","value":{}}`.
///
/// Another `type` is refused. The original treated unknown types as deletions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Op {
    /// Stores a value, which may be `null`.
    Put {
        /// The key.
        key: String,
        /// The value.
        value: Value,
    },
    /// Deletes a key. Does nothing if it is absent.
    Del {
        /// The key.
        key: String,
    },
}

impl Op {
    /// Makes the operation that stores a value.
    pub fn put(key: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::Put { key: key.into(), value: value.into() }
    }

    /// Makes the operation that deletes a key.
    pub fn del(key: impl Into<String>) -> Self {
        Self::Del { key: key.into() }
    }

    pub(super) fn perform(
        &self,
        transaction: &mut DynTransaction<'_>,
        entries: &Entries,
    ) -> Result<()> {
        match self {
            Self::Put { key, value } => entries.put(transaction, key, value),
            Self::Del { key } => entries.delete(transaction, key),
        }
    }
}
