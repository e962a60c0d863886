//! What a projection made of an event.

use serde_json::{Map, Value};

use super::apply::SubEvent;
use super::running_projection::Fate;

/// What a projection made of an event.
///
/// ```
/// # use arbour::events::Outcome;
/// assert!(Outcome::TimedOut.reason().is_some());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was applied.
    Applied {
        /// What the handlers returned, by the names of their models.
        result: Map<String, Value>,
        /// The sub-events, in the order in which they were applied.
        sub_events: Vec<SubEvent>,
    },
    /// It failed and was dead-lettered, or its stream is in quarantine.
    DeadLettered {
        /// The reason.
        reason: String,
    },
    /// The projection is halted, at this event or an earlier one.
    Halted {
        /// The position of the event that failed.
        position: u64,
        /// The reason.
        reason: String,
    },
    /// The deadline passed first. The event is in the log, and the next thread that applies events
    /// of this projection applies it.
    TimedOut,
    /// The events were shut down first.
    ShutDown,
    /// The caller chose not to wait.
    NotWaited,
    /// The outcome is unknown because the store failed. The event is in the log.
    Unknown {
        /// What the store reported.
        reason: String,
    },
}

impl Outcome {
    /// Returns why it was not applied; `None` if it was.
    ///
    /// ```
    /// # use arbour::events::Outcome;
    /// let outcome = Outcome::DeadLettered { reason: "the account is closed".into() };
    /// assert_eq!(outcome.reason(), Some("the account is closed"));
    /// ```
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Applied { .. } => None,
            Self::DeadLettered { reason }
            | Self::Halted { reason, .. }
            | Self::Unknown { reason } => Some(reason),
            Self::TimedOut => {
                Some("it was not applied before the deadline: the next call that waits applies it")
            }
            Self::ShutDown => Some("the events were shut down before it was applied"),
            Self::NotWaited => Some("the caller did not wait for it"),
        }
    }

    pub(super) fn of(fate: Fate) -> Self {
        match fate {
            Fate::Applied(effect) => {
                Self::Applied { result: effect.result, sub_events: effect.sub_events }
            }
            Fate::Dead(reason) => Self::DeadLettered { reason },
        }
    }
}
