//! The list of a keyspace's sorted files, which fjall reads without looking at its checksum.
//!
//! ```text
//! current   number N of the list: u64, XXH3 of the list: u128, 0
//! vN        the list
//! ```
//!
//! Numbers are little-endian.

use std::fs;
use std::io;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

/// The file of a keyspace that names its list.
pub(crate) const CURRENT: &str = "current";

/// Tells whether the list of the keyspace in a folder is what fjall wrote.
pub(crate) fn is_whole(keyspace: &Path) -> io::Result<bool> {
    let current = fs::read(keyspace.join(CURRENT))?;
    let Some((number, rest)) = current.split_first_chunk() else { return Ok(false) };
    let Some((checksum, [0])) = rest.split_first_chunk() else { return Ok(false) };
    match fs::read(keyspace.join(format!("v{}", u64::from_le_bytes(*number)))) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        list => Ok(xxh3_128(&list?) == u128::from_le_bytes(*checksum)),
    }
}
