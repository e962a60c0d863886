//! The events that are measured.

use arbour::events::{Append, EventType, NewEvent};
use arbour_core::Result;
use serde::{Deserialize, Serialize};

/// The number of events of a stream.
pub(super) const STREAM_EVENTS: u64 = 100;

/// How many events are appended in one transaction.
pub(super) const BATCH: u64 = 1_000;

/// The number of streams among which the events of one transaction are distributed, if there are as
/// many.
const BATCH_STREAMS: u64 = 100;

/// A payload of about 100 bytes of JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Deposited {
    pub(super) cents: u64,
    pub(super) currency: String,
    pub(super) reference: String,
    pub(super) note: String,
}

impl Deposited {
    fn new(number: u64) -> Self {
        Self {
            cents: number * 48_271 % 999_983,
            currency: "EUR".to_owned(),
            reference: format!("transfer-{number:08}"),
            note: "keep it dry, keep it cool".to_owned(),
        }
    }
}

/// The type of all events that are measured.
pub(super) fn deposited() -> EventType<Deposited> {
    EventType::new("deposited")
}

/// Returns an event of a stream.
pub(super) fn event(stream: String, number: u64) -> Result<NewEvent> {
    deposited().event(stream, &Deposited::new(number))
}

pub(super) fn stream(number: u64) -> String {
    format!("account-{number:08}")
}

/// Returns the stream of each of `count` events. Each stream has [`STREAM_EVENTS`] events, which
/// are far apart in the log.
pub(super) fn stream_of(number: u64, count: u64) -> u64 {
    (number / BATCH * BATCH_STREAMS + number % BATCH_STREAMS) % (count / STREAM_EVENTS)
}

/// Returns this many events, as they are appended in transactions of [`BATCH`].
pub(super) fn appends(count: u64) -> Result<Vec<Append>> {
    let batches = (0..count).step_by(BATCH as usize);
    let batch = |first: u64| {
        (first..count.min(first + BATCH)).try_fold(Append::new(), |append, number| {
            Ok(append.event(event(stream(stream_of(number, count)), number)?))
        })
    };
    batches.map(batch).collect()
}
