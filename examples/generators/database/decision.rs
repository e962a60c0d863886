//! What becomes of each node in a migration.

use std::collections::BTreeMap;

use serde_json::Value;

/// The nodes of a replica.
pub type Nodes = BTreeMap<String, Value>;

/// What is decided, by node.
pub type Decisions = BTreeMap<String, Decision>;

/// What becomes of one node.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It stays as it is.
    Keep,
    /// It gets another value.
    Override(Value),
    /// It stays, but its value is `null` until it is made anew.
    Invalidate,
    /// It goes.
    Delete,
    /// It is new.
    Create(Value),
}

/// What is wrong with decisions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing was decided about a node that is there.
    #[error("nothing is decided about {0:?}: keep, override, invalidate or delete it")]
    Undecided(String),
    /// Something else than to create it was decided about a node that is not there.
    #[error("there is no {0:?} to decide about: create it, or leave it out")]
    Absent(String),
    /// A node that is there was to be created.
    #[error("{0:?} is there already: override it")]
    Exists(String),
}

/// Makes the nodes of the next version from those of this one.
///
/// # Errors
/// If not every node is decided about, and with what fits it.
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
