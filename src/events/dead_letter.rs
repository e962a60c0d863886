//! Events that failed, and the reasons.

use arbour_core::clock;
use serde::{Deserialize, Serialize};

use super::event::Event;
use super::phase::{ApplyError, Phase};
use crate::key::Key as _;

/// Why an event is in the dead-letter queue.
///
/// ```
/// assert_ne!(arbour::events::DeadKind::Failed, arbour::events::DeadKind::Quarantined);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeadKind {
    /// It failed, and the projection is halted before it.
    Halting,
    /// It failed and was dead-lettered.
    Failed,
    /// It was not tried, because an earlier event of its stream failed.
    Quarantined,
}

/// An event that failed; see [`Events::dead_letters`](super::Events::dead_letters).
///
/// ```
/// # use arbour::events::DeadLetter;
/// fn shown(dead: &DeadLetter) -> String {
///     format!("{} at {}: {}", dead.event_type, dead.position, dead.reason)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The position of the event.
    pub position: u64,
    /// The stream of the event.
    pub stream: String,
    /// The type of the event.
    pub event_type: String,
    /// Why it is in the queue.
    pub kind: DeadKind,
    /// The phase in which it failed; `None` if it was not tried.
    pub phase: Option<Phase>,
    /// The model in which it failed, or the projection.
    pub model: String,
    /// The error, with all its causes.
    pub reason: String,
    /// How many times it was tried.
    pub tries: u32,
    /// The time of the last failure, in milliseconds since 1970 (UTC).
    pub time: i64,
}

impl DeadLetter {
    pub(super) fn failed(
        event: &Event<'_>,
        kind: DeadKind,
        error: &ApplyError,
        tries: u32,
    ) -> Self {
        Self {
            position: event.position,
            stream: event.stream.to_owned(),
            event_type: event.event_type.to_owned(),
            kind,
            phase: Some(error.phase),
            model: error.model.clone(),
            reason: reason(error),
            tries,
            time: clock::unix_millis(),
        }
    }

    /// Tells whether the event was dead-lettered; `false` for the event before which a projection
    /// is halted.
    pub(super) fn is_dead_lettered(&self) -> bool {
        self.kind != DeadKind::Halting
    }

    /// Returns the key in the index by stream.
    pub(super) fn stream_key(&self) -> Vec<u8> {
        (self.stream.as_str(), self.position).to_key_bytes()
    }

    pub(super) fn quarantined(event: &Event<'_>, since: u64) -> Self {
        Self {
            position: event.position,
            stream: event.stream.to_owned(),
            event_type: event.event_type.to_owned(),
            kind: DeadKind::Quarantined,
            phase: None,
            model: String::new(),
            reason: format!("the event at position {since} of its stream failed"),
            tries: 0,
            time: clock::unix_millis(),
        }
    }
}

/// Formats an error with all its causes, each of them once.
pub(super) fn reason(error: &ApplyError) -> String {
    let mut reason = error.to_string();
    let mut next = error.cause.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !reason.ends_with(&text) {
            reason.push_str(": ");
            reason.push_str(&text);
        }
        next = cause.source();
    }
    reason
}
