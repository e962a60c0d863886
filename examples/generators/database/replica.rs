//! The two replicas, and which of them is the current one.
//!
//! | tree | key | value |
//! |---|---|---|
//! | `x`, `y` | of a node | its value |
//! | `x/global`, `y/global` | `version` | which version the replica is of |
//! | `_meta` | `current_replica` | `"x"` or `"y"`; if absent, it is `x` |
//!
//! Each namespace is a tree of its own, not a prefix of the keys of another: a scan or a clear of
//! `x` cannot reach `x/global`, whatever their keys are, and nothing has to be filtered out.

use std::fmt;

use arbour::TypedTree;
use arbour::codec::Json;
use serde::{Deserialize, Serialize};

/// The tree of the pointer to the current replica.
pub(super) const META: &str = "_meta";

/// The key of the pointer.
pub(super) const CURRENT: &str = "current_replica";

/// The key of the version of a replica, in its global namespace.
pub(super) const VERSION: &str = "version";

/// The pointer. A value that is neither replica cannot be decoded, and so is an error.
pub(super) const POINTER: TypedTree<String, Replica, Json> = TypedTree::new(META);

/// One of the two places for nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Replica {
    /// The one that is current at first.
    #[default]
    X,
    /// The other.
    Y,
}

impl Replica {
    /// Returns the other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::X => Self::Y,
            Self::Y => Self::X,
        }
    }

    /// Returns the namespace of its nodes.
    pub fn nodes(self) -> &'static str {
        match self {
            Self::X => "x",
            Self::Y => "y",
        }
    }

    /// Returns the namespace of the replica's own metadata.
    pub fn global(self) -> &'static str {
        match self {
            Self::X => "x/global",
            Self::Y => "y/global",
        }
    }
}

impl fmt::Display for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.nodes())
    }
}
