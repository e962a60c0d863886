//! The decisions about each node in a migration.

use std::collections::BTreeMap;

use serde_json::Value;

/// The nodes of a replica.
pub type Nodes = BTreeMap<String, Value>;

/// The decisions, by node.
pub type Decisions = BTreeMap<String, Decision>;

/// The decision about one node.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It stays as it is.
    Keep,
    /// It gets another value.
    Override(Value),
    /// It stays, but its value is `null` until it is generated again.
    Invalidate,
    /// It is removed.
    Delete,
    /// It is new.
    Create(Value),
}

/// What is wrong with decisions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no decision about an existing node.
    #[error("nothing is decided about {0:?}: keep, override, invalidate or delete it")]
    Undecided(String),
    /// The decision about a node that does not exist is not to create it.
    #[error("there is no {0:?} to decide about: create it, or leave it out")]
    Absent(String),
    /// The decision about an existing node is to create it.
    #[error("{0:?} is there already: override it")]
    Exists(String),
}

/// Makes the nodes of the next version from those of this one.
///
/// # Errors
/// If a node has no decision, or one that does not fit it.
pub(super) fn decide(nodes: &Nodes, mut decisions: Decisions) -> Result<Nodes, Fault> {
    let mut made = Nodes::new();
    for (node, value) in nodes {
        let decision = decisions.remove(node).ok_or_else(|| Fault::Undecided(node.clone()))?;
        let value = match decision {
            Decision::Keep => value.clone(),
            Decision::Override(value) => value,
            Decision::Invalidate => Value::Null,
            Decision::Delete => continue,
            Decision::Create(_) => return Err(Fault::Exists(node.clone())),
        };
        made.insert(node.clone(), value);
    }
    for (node, decision) in decisions {
        let Decision::Create(value) = decision else { return Err(Fault::Absent(node)) };
        made.insert(node, value);
    }
    Ok(made)
}
