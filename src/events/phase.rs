//! The phases of applying an event.

use serde::{Deserialize, Serialize};

use super::model::Failure;

/// The phase in which applying an event failed.
///
/// ```
/// assert_eq!(arbour::events::Phase::SubEvents.to_string(), "sub-events");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Before all others: the projection does not know the type of the event.
    Type,
    /// [`Model::preprocess`](super::Model::preprocess).
    Preprocess,
    /// [`Model::reduce`](super::Model::reduce).
    Reduce,
    /// [`Model::apply`](super::Model::apply).
    Apply,
    /// [`Model::derive`](super::Model::derive).
    Derive,
    /// There are too many sub-events, or they are nested too deeply.
    SubEvents,
    /// [`Model::transact`](super::Model::transact).
    Transact,
    /// A panic, in any phase.
    Panic,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Type => "type",
            Self::Preprocess => "preprocess",
            Self::Reduce => "reduce",
            Self::Apply => "apply",
            Self::Derive => "derive",
            Self::SubEvents => "sub-events",
            Self::Transact => "transact",
            Self::Panic => "panic",
        })
    }
}

/// How an event failed.
#[derive(Debug, thiserror::Error)]
#[error("{phase} of {model}: {cause}")]
pub(super) struct ApplyError {
    pub(super) phase: Phase,
    pub(super) model: String,
    pub(super) cause: Failure,
}
