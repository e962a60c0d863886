//! Where events lie in a store, and what their bytes are.
//!
//! | tree | key | value |
//! |---|---|---|
//! | `arbour/log/LOG` | position | hash of the event before, envelope, payload |
//! | `arbour/log/LOG` | FF | id of the log, its newest position, its hash, its first position, its clock, and from where on it is indexed by type, if it is |
//! | `arbour/stream/LOG` | stream FF version | position |
//! | `arbour/stream/LOG` | stream FF FF | newest version |
//! | `arbour/type/LOG` | type FF position | nothing, if the log keeps an index by type |
//! | `arbour/key/LOG` | idempotency key | hash of what was appended, first and last position |
//! | `arbour/ack/LOG` | subscription | position |
//! | `arbour/lease/LOG` | subscription | its runner |
//! | `arbour/lease/LOG` | subscription FF position | consumer and until when, or up to where all is done |
//! | `arbour/snapshot/LOG/KIND` | stream | schema version, version and position, state |
//! | `arbour/projection` | projection | the version that is read |
//! | `arbour/projection` | projection FF version | the log it is made of |
//! | `arbour/log/LOG` | FF projection FF version | position applied, hash there, id of the log, whether it stands, has streams in quarantine, is being built, and whether what was put aside is indexed by stream |
//! | `arbour/result/PROJECTION.VERSION` | position | what handlers returned, and the sub-events |
//! | `arbour/dead/PROJECTION.VERSION` | position | what failed, and how often |
//! | `arbour/dead-stream/PROJECTION.VERSION` | stream FF position | nothing: what was put aside, by its stream |
//! | `arbour/quarantine/PROJECTION.VERSION` | stream | position from which its events are put aside |
//!
//! Numbers are big-endian; every value begins with a format byte. FF is in no text and begins no number, so
//! that the keys of heads are nobody else's. They lie right behind the newest event and the newest version:
//! in the page that is written anyway. So does how far a projection is, which is kept with its view: where the
//! log has a store of its own, the tree of its name in the store of the views holds nothing else.

use arbour_core::key::Key as _;

/// The longest name of a log, a projection or a view, in bytes.
///
/// ```
/// # use arbour::events::layout::NAME_BYTES_MAX;
/// assert!("main".len() <= NAME_BYTES_MAX);
/// ```
pub const NAME_BYTES_MAX: usize = 60;

/// The longest name of a stream, and the longest idempotency key, in bytes.
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

/// The key of the log's own head, behind all its positions.
pub(super) const LOG_HEAD_KEY: &[u8] = &[0xff];

/// Returns the key of how far a version of a projection is: behind the head of the log that it reads, in the
/// store of the view.
pub(super) fn state_key(projection: &str, version: u32) -> Vec<u8> {
    [LOG_HEAD_KEY, &(projection, version).to_key_bytes()].concat()
}

/// Returns what the keys of all versions of a projection begin with.
pub(super) fn state_prefix(projection: &str) -> Vec<u8> {
    [LOG_HEAD_KEY, projection.as_bytes(), &[0xff]].concat()
}

/// Returns the key of the head of a stream, behind all its versions.
pub(super) fn stream_head_key(stream: &str) -> Vec<u8> {
    [stream.as_bytes(), &[0xff, 0xff]].concat()
}

/// Returns the name of the tree of a log's events, and of its own head.
///
/// ```
/// # use arbour::events::layout::log_tree;
/// assert_eq!(log_tree("main"), "arbour/log/main");
/// ```
#[must_use]
pub fn log_tree(log: &str) -> String {
    format!("arbour/log/{log}")
}

/// Returns the name of the tree of a log's streams: of their versions, and of their heads.
///
/// ```
/// # use arbour::events::layout::stream_tree;
/// assert_eq!(stream_tree("main"), "arbour/stream/main");
/// ```
#[must_use]
pub fn stream_tree(log: &str) -> String {
    format!("arbour/stream/{log}")
}

/// Returns the name of the tree of a log's index by type, which is there if the log was told to keep
/// one: [`Log::index_types`](super::Log::index_types).
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

/// Returns the name by which a version of a projection calls what is its own: trees and collections.
///
/// ```
/// # use arbour::events::layout::view_name;
/// assert_eq!(view_name("bank", 2, "accounts"), "bank.2.accounts");
/// ```
#[must_use]
pub fn view_name(projection: &str, version: u32, view: &str) -> String {
    format!("{projection}.{version}.{view}")
}

/// Returns the name of the tree of what handlers returned.
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

/// Returns the name of the tree of events that were put aside, by their streams.
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
