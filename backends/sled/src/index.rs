//! sled's index of its log, which it writes whenever it is opened.
//!
//! sled reads the log from the end of the newest index. The index is named after that position:
//! `snap.` and the number in sixteen digits, followed by `.generating` until it is complete.

use std::fs;
use std::io;
use std::path::Path;

const PREFIX: &str = "snap.";
const UNFINISHED: &str = ".generating";

/// The temporary name of a file that becomes part of the index, or a large value, once it is
/// complete. It is removed like an unfinished index.
pub(crate) const UNFINISHED_COPY: &str = "snap.copy.generating";

/// Tells whether a file belongs to the index.
pub(crate) fn is_part(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Tells whether a file is an index that sled finished.
pub(crate) fn is_whole(name: &str) -> bool {
    is_part(name) && !name.ends_with(UNFINISHED)
}

/// Returns where the newest index in a folder ends: at the start of the log if there is none.
pub(crate) fn find_end(folder: &Path) -> io::Result<u64> {
    let mut end = 0;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let found = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        end = end.max(found.unwrap_or(0));
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{find_end, is_part, is_whole};

    #[test]
    fn the_newest_whole_index_counts() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(find_end(folder.path()).unwrap(), 0);
        for name in
            ["snap.00000000000000FF", "snap.0000000000000010", "snap.0000000000000FFF.generating"]
        {
            fs::write(folder.path().join(name), "").unwrap();
            assert!(is_part(name));
            assert_eq!(is_whole(name), !name.contains("gen"));
        }
        assert_eq!(find_end(folder.path()).unwrap(), 0xff);
    }
}
