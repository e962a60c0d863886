//! Where the journal is stored, and how it is encoded.
//!
//! | tree | key | value |
//! |---|---|---|
//! | `arbour/migration` | group FF step | revision, state, counts, time, program, cursor |
//! | `arbour/migration` | FF | two hashes of the entries, the formats required to read and to write |
//! | `arbour/migration/begun` | FF | the keys of the steps that a run set out to run, while some are not done |
//! | `arbour/lease` | name of what is leased | epoch, expiry, holder |
//!
//! A step is `00` and its number in eight bytes, or `01` and its name, so the entries of a group
//! sort in the order of its steps. FF occurs in no text, so the head sorts after all entries and
//! collides with none.
//!
//! Numbers are big-endian. Every value begins with a format byte and ends with the first eight
//! bytes of the SHA-256 of its key and of everything before them, which detects a value that was
//! changed or moved to another key. The head holds the XOR of the hashes of all entries, which
//! detects an entry that is missing or outdated. A head of format 1, which is read but no longer
//! written, holds one hash over all entries in order instead.

use arbour_core::{DecodeError, Error, ErrorKind, Operation, Result};
use sha2::{Digest as _, Sha256};

use super::MigrationError;

/// The first byte of every value except the head.
///
/// ```
/// # use arbour::migrations::layout::FORMAT;
/// assert_eq!(FORMAT, 1);
/// ```
pub const FORMAT: u8 = 1;

/// The first byte of the head. A head of format 1 combines its hashes differently.
pub(super) const HEAD_FORMAT: u8 = 2;

/// The tree of the journal.
///
/// ```
/// # use arbour::migrations::layout::JOURNAL_TREE;
/// assert_eq!(JOURNAL_TREE, "arbour/migration");
/// ```
pub const JOURNAL_TREE: &str = "arbour/migration";

/// The tree of leases.
///
/// ```
/// # use arbour::migrations::layout::LEASE_TREE;
/// assert_eq!(LEASE_TREE, "arbour/lease");
/// ```
pub const LEASE_TREE: &str = "arbour/lease";

/// The tree of the migration that has begun and is not complete.
///
/// ```
/// # use arbour::migrations::layout::BEGUN_TREE;
/// assert_eq!(BEGUN_TREE, "arbour/migration/begun");
/// ```
pub const BEGUN_TREE: &str = "arbour/migration/begun";

/// The maximum length of the name of a group or a step, in bytes.
///
/// ```
/// # use arbour::migrations::layout::NAME_BYTES_MAX;
/// assert!("variables".len() <= NAME_BYTES_MAX);
/// ```
pub const NAME_BYTES_MAX: usize = 200;

/// The key of the head, after all entries.
pub(super) const HEAD_KEY: &[u8] = &[0xff];

/// The key of the lease of migrations.
pub(super) const LEASE_KEY: &[u8] = b"migrations";

const CHECKSUM_BYTES: usize = 8;

fn checksum(key: &[u8], body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hash = Sha256::new();
    hash.update((key.len() as u64).to_be_bytes());
    hash.update(key);
    hash.update(body);
    hash.finalize().first_chunk().copied().unwrap_or_default()
}

/// Appends the checksum to a value; public for tests that change what is stored.
///
/// ```
/// # use arbour::migrations::layout::seal;
/// assert_eq!(seal(b"key", vec![1]).len(), 9);
/// ```
#[doc(hidden)]
#[must_use]
pub fn seal(key: &[u8], mut body: Vec<u8>) -> Vec<u8> {
    let checksum = checksum(key, &body);
    body.extend_from_slice(&checksum);
    body
}

/// Returns the format byte of a value and the bytes between it and the checksum. `newest` is the
/// highest known format.
pub(super) fn unseal<'v>(
    tree: &str,
    key: &[u8],
    value: &'v [u8],
    newest: u8,
) -> Result<(u8, &'v [u8])> {
    let damaged =
        |expected, found| MigrationError::damaged(tree, key, DecodeError::new(expected, found));
    if let Some(format) = value.first().filter(|format| **format > newest) {
        // A newer format may have another kind of checksum, so it is not checked.
        let message = format!(
            "the journal of migrations has format {format}, and this program reads formats up to {newest}"
        );
        let error = Error::new(ErrorKind::TooNew, Operation::Get, message);
        return Err(error.with_tree(tree).with_key(key));
    }
    let Some((body, found)) = value.split_last_chunk::<CHECKSUM_BYTES>() else {
        return Err(damaged("a value with a checksum", format!("{} bytes", value.len())));
    };
    if *found != checksum(key, body) {
        return Err(damaged("a value that fits its checksum", "one that does not".to_owned()));
    }
    match body.split_first() {
        Some((&format, rest)) if format >= FORMAT => Ok((format, rest)),
        Some((format, _)) => {
            Err(damaged("a value of format 1 or later", format!("format {format}")))
        }
        None => Err(damaged("a value of format 1 or later", "no bytes".to_owned())),
    }
}
