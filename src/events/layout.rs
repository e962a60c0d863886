//! Where events are stored, and how they are encoded.
//!
//! | tree | key | value |
//! |---|---|---|
//! | `arbour/log/LOG` | position | hash of the event before, envelope, payload |
//! | `arbour/log/LOG` | FF | id of the log, its newest position, its hash, its first position, its clock, and the first position of its index by type, if it has one |
//! | `arbour/stream/LOG` | stream FF version | position |
//! | `arbour/stream/LOG` | stream FF FF | newest version |
//! | `arbour/type/LOG` | type FF position | the format byte alone; only if the log keeps an index by type |
//! | `arbour/key/LOG` | idempotency key | hash of the appended content, first and last position |
//! | `arbour/ack/LOG` | subscription | position |
//! | `arbour/lease/LOG` | subscription | its runner |
//! | `arbour/lease/LOG` | subscription FF position | consumer and when its claim expires, or the last position of a run that is done |
//! | `arbour/snapshot/LOG/KIND` | stream | schema version, version and position, state |
//! | `arbour/projection` | projection | the active version |
//! | `arbour/projection` | projection FF version | the log it is made from |
//! | `arbour/log/LOG` | FF projection FF version | position applied, hash there, id of the log, whether it is halted, has streams in quarantine, is being built, and whether dead letters are indexed by stream |
//! | `arbour/result/PROJECTION.VERSION` | position | what handlers returned, and the sub-events |
//! | `arbour/dead/PROJECTION.VERSION` | position | why the event failed, and how many times |
//! | `arbour/dead-stream/PROJECTION.VERSION` | stream FF position | the format byte alone: the dead letters, by stream |
//! | `arbour/quarantine/PROJECTION.VERSION` | stream | position from which its events are dead-lettered |
//!
//! Numbers are big-endian, and every value begins with a format byte. The byte FF occurs in no text
//! and begins no number, so the keys of heads collide with no other key. Heads sort directly after
//! the newest event and the newest version, and therefore lie in a page that the append writes
//! anyway. The same holds for the position of a projection, which is stored with its view: if the
//! log has a separate store, the tree of its name in the store of the views holds only these
//! positions.

use crate::key::Key as _;

/// The maximum length of the name of a log, a projection or a view, in bytes.
///
/// ```
/// # use arbour::events::layout::NAME_BYTES_MAX;
/// assert!("main".len() <= NAME_BYTES_MAX);
/// ```
pub const NAME_BYTES_MAX: usize = 60;

/// The maximum length of the name of a stream and of an idempotency key, in bytes.
///
/// ```
/// # use arbour::events::layout::STREAM_BYTES_MAX;
/// assert!("account-1".len() <= STREAM_BYTES_MAX);
/// ```
pub const STREAM_BYTES_MAX: usize = 1000;

/// The first byte of every value.
///
/// ```
/// # use arbour::events::layout::FORMAT;
/// assert_eq!(FORMAT, 1);
/// ```
pub const FORMAT: u8 = 1;

/// The tree of projections.
///
/// ```
/// # use arbour::events::layout::PROJECTION_TREE;
/// assert_eq!(PROJECTION_TREE, "arbour/projection");
/// ```
pub const PROJECTION_TREE: &str = "arbour/projection";

/// The key of the log's own head, after all its positions.
pub(super) const LOG_HEAD_KEY: &[u8] = &[0xff];

/// Returns the key of the position of a version of a projection. It sorts after the head of the log
/// and lies in the store of the view.
pub(super) fn state_key(projection: &str, version: u32) -> Vec<u8> {
    [LOG_HEAD_KEY, &(projection, version).to_key_bytes()].concat()
}

/// Returns the prefix of the position keys of all versions of a projection.
pub(super) fn state_prefix(projection: &str) -> Vec<u8> {
    [LOG_HEAD_KEY, projection.as_bytes(), &[0xff]].concat()
}

/// Returns the key of the head of a stream, after all its versions.
pub(super) fn stream_head_key(stream: &str) -> Vec<u8> {
    [stream.as_bytes(), &[0xff, 0xff]].concat()
}

/// Returns the name of the tree of a log's events and its head.
///
/// ```
/// # use arbour::events::layout::log_tree;
/// assert_eq!(log_tree("main"), "arbour/log/main");
/// ```
#[must_use]
pub fn log_tree(log: &str) -> String {
    format!("arbour/log/{log}")
}

/// Returns the name of the tree of a log's streams: their versions and their heads.
///
/// ```
/// # use arbour::events::layout::stream_tree;
/// assert_eq!(stream_tree("main"), "arbour/stream/main");
/// ```
#[must_use]
pub fn stream_tree(log: &str) -> String {
    format!("arbour/stream/{log}")
}

/// Returns the name of the tree of a log's index by type, which exists if the log is configured to
/// keep one: [`Log::index_types`](super::Log::index_types).
///
/// ```
/// # use arbour::events::layout::type_tree;
/// assert_eq!(type_tree("main"), "arbour/type/main");
/// ```
#[must_use]
pub fn type_tree(log: &str) -> String {
    format!("arbour/type/{log}")
}

/// Returns the name of the tree of a log's idempotency keys.
///
/// ```
/// # use arbour::events::layout::key_tree;
/// assert_eq!(key_tree("main"), "arbour/key/main");
/// ```
#[must_use]
pub fn key_tree(log: &str) -> String {
    format!("arbour/key/{log}")
}

/// Returns the name of the tree of positions that subscriptions have acknowledged.
///
/// ```
/// # use arbour::events::layout::ack_tree;
/// assert_eq!(ack_tree("main"), "arbour/ack/main");
/// ```
#[must_use]
pub fn ack_tree(log: &str) -> String {
    format!("arbour/ack/{log}")
}

/// Returns the name of the tree of events that consumers have claimed.
///
/// ```
/// # use arbour::events::layout::lease_tree;
/// assert_eq!(lease_tree("main"), "arbour/lease/main");
/// ```
#[must_use]
pub fn lease_tree(log: &str) -> String {
    format!("arbour/lease/{log}")
}

/// Returns the name of the tree of snapshots of streams.
///
/// ```
/// # use arbour::events::layout::snapshot_tree;
/// assert_eq!(snapshot_tree("main", "balances"), "arbour/snapshot/main/balances");
/// ```
#[must_use]
pub fn snapshot_tree(log: &str, kind: &str) -> String {
    format!("arbour/snapshot/{log}/{kind}")
}

/// Returns the name of a tree or a collection that belongs to a version of a projection.
///
/// ```
/// # use arbour::events::layout::view_name;
/// assert_eq!(view_name("bank", 2, "accounts"), "bank.2.accounts");
/// ```
#[must_use]
pub fn view_name(projection: &str, version: u32, view: &str) -> String {
    format!("{projection}.{version}.{view}")
}

/// Returns the name of the tree of handler results.
///
/// ```
/// # use arbour::events::layout::result_tree;
/// assert_eq!(result_tree("bank", 1), "arbour/result/bank.1");
/// ```
#[must_use]
pub fn result_tree(projection: &str, version: u32) -> String {
    format!("arbour/result/{projection}.{version}")
}

/// Returns the name of the tree of events that failed.
///
/// ```
/// # use arbour::events::layout::dead_tree;
/// assert_eq!(dead_tree("bank", 1), "arbour/dead/bank.1");
/// ```
#[must_use]
pub fn dead_tree(projection: &str, version: u32) -> String {
    format!("arbour/dead/{projection}.{version}")
}

/// Returns the name of the tree of dead letters by stream.
///
/// ```
/// # use arbour::events::layout::dead_stream_tree;
/// assert_eq!(dead_stream_tree("bank", 1), "arbour/dead-stream/bank.1");
/// ```
#[must_use]
pub fn dead_stream_tree(projection: &str, version: u32) -> String {
    format!("arbour/dead-stream/{projection}.{version}")
}

/// Returns the name of the tree of streams in quarantine.
///
/// ```
/// # use arbour::events::layout::quarantine_tree;
/// assert_eq!(quarantine_tree("bank", 1), "arbour/quarantine/bank.1");
/// ```
#[must_use]
pub fn quarantine_tree(projection: &str, version: u32) -> String {
    format!("arbour/quarantine/{projection}.{version}")
}
