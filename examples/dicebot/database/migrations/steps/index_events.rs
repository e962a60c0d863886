//! Step 8: the processed events of a room are found by time, all of them.

use arbour::key::{GROUP_DELIMITER, Key as _};
use arbour::migrations::Step;

pub(super) fn step() -> Step {
    Step::numbered(8).revision(include_str!("index_events.rs")).each(
        "roomeventid_timestamp",
        |trees, key, time| {
            let mut parts = key.split(|byte| *byte == GROUP_DELIMITER);
            let (Some(room), Some(event), None) = (parts.next(), parts.next(), parts.next()) else {
                return Err("a key is not that of a room and an event".into());
            };
            let (room, event) = (str::from_utf8(room)?, str::from_utf8(event)?);
            let seconds = u64::from_be_bytes(time.try_into()?);
            let key = (room, (seconds, event)).to_key_bytes();
            Ok(trees.put("roomtimestamp_event", &key, b"")?)
        },
    )
}
