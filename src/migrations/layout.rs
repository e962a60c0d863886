//! Where the journal of migrations lies in a store, and what its bytes are.
//!
//! | tree | key | value |
//! |---|---|---|
//! | `arbour/migration` | group FF step | revision, state, counts, when, by which program, cursor |
//! | `arbour/migration` | FF | two hashes of the entries, what a program has to know to read and to write |
//! | `arbour/lease` | name of what is leased | epoch, until when, holder |
//!
//! A step is `00` and its number in eight bytes, or `01` and its name, so that the entries of a group are in
//! the order of its steps. FF is in no text, so the head is behind all of them and is nobody's entry.
//!
//! Numbers are big-endian. Every value begins with a format byte and ends with the first eight bytes of the
//! SHA-256 of its key and of what is before them: a value that was changed, or lies under another key, is
//! told from a good one. The head holds the hash of all entries, so that one that is lost or old is found
//! out too. It is the XOR of the hashes of all entries; in a head of format 1, which is read and no longer
//! written, it is the hash of all of them in their order.

use arbour_core::{DecodeError, Error, ErrorKind, Operation};
use sha2::{Digest as _, Sha256};

use super::MigrationError;

/// The first byte of every value but the head.
///
/// ```
/// # use arbour::migrations::layout::FORMAT;
/// assert_eq!(FORMAT, 1);
/// ```
pub const FORMAT: u8 = 1;

/// The first byte of the head. One of format 1 has its hashes made otherwise.
pub(super) const HEAD_FORMAT: u8 = 2;

/// The tree of what has run.
///
/// ```
/// # use arbour::migrations::layout::JOURNAL_TREE;
/// assert_eq!(JOURNAL_TREE, "arbour/migration");
/// ```
pub const JOURNAL_TREE: &str = "arbour/migration";

/// The tree of who may run.
///
/// ```
/// # use arbour::migrations::layout::LEASE_TREE;
/// assert_eq!(LEASE_TREE, "arbour/lease");
/// ```
pub const LEASE_TREE: &str = "arbour/lease";

/// The longest name of a group or a step, in bytes.
///
/// ```
/// # use arbour::migrations::layout::NAME_BYTES_MAX;
/// assert!("variables".len() <= NAME_BYTES_MAX);
/// ```
pub const NAME_BYTES_MAX: usize = 200;

/// What the names of trees of documents begin with, before the name of their collection. Documents are a
/// feature of their own, which may be left out of a program that migrates.
pub(super) const DOCUMENTS_PREFIX: &str = "arbour/doc/";

/// The key of the head, behind all entries.
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

/// Ends a value with its checksum: for tests that change what is stored.
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

/// Returns the format byte of a value, of which `newest` is the highest known, and what is between that and the
/// checksum.
pub(super) fn unseal<'v>(
    tree: &str,
    key: &[u8],
    value: &'v [u8],
    newest: u8,
) -> Result<(u8, &'v [u8]), MigrationError> {
    let damaged =
        |expected, found| MigrationError::damaged(tree, key, DecodeError::new(expected, found));
    if let Some(format) = value.first().filter(|format| **format > newest) {
        // Nothing can be said of its checksum: that format may have another.
        let message = format!(
            "the journal of migrations has format {format}, and this program reads formats up to {newest}"
        );
        let error = Error::new(ErrorKind::TooNew, Operation::Get, message);
        return Err(error.with_tree(tree).with_key(key).into());
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
