//! To dumps and back.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use arbour::transfer::{Transfer, TransferError, digest, dump, load};
use arbour::{DynStore, ErrorKind, KvStore as _};

use super::bed::{Bed, count, local_engines};

/// A small store, and its dump.
fn small() -> (DynStore, Vec<u8>) {
    let bed = Bed::new("memory");
    let store = bed.store.clone();
    store.put(&store.tree("people").unwrap(), b"ada", b"1815").unwrap();
    store.put(&store.tree("people").unwrap(), b"grace", b"1906").unwrap();
    store.put(&store.tree("rooms").unwrap(), b"\xff", b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").unwrap();
    let mut bytes = Vec::new();
    dump(&store, &mut bytes).unwrap();
    (store, bytes)
}

/// Asserts that loading is refused, and that the store to be replaced is unchanged.
fn refused(bytes: &[u8], what: &str) -> TransferError {
    let to = Bed::new("memory");
    to.store.put(&to.store.tree("mine").unwrap(), b"key", b"value").unwrap();
    let before = digest(&to.store).unwrap();
    let error = match Transfer::new().replace().load(Cursor::new(bytes), &to.store) {
        Ok(_) => panic!("{what}: it was loaded"),
        Err(error) => error,
    };
    assert_eq!(digest(&to.store).unwrap(), before, "{what}: {error}");
    assert_eq!(to.store.stats().unwrap().entries, 1, "{what}: {error}");
    error.downcast_ref::<TransferError>().unwrap().clone()
}

#[test]
fn every_engine_reads_what_every_other_wrote() {
    let mut dumps = Vec::new();
    for scheme in local_engines() {
        let from = Bed::filled(&scheme);
        let mut bytes = Vec::new();
        let moved = dump(&from.store, &mut bytes).unwrap();
        assert_eq!(moved.entries, count(), "{scheme}");
        assert_eq!(moved.digest, digest(&from.store).unwrap(), "{scheme}");
        dumps.push(bytes);
    }
    assert!(dumps.iter().all(|bytes| *bytes == dumps[0]), "a dump is the same on every engine");
    for to in Bed::all() {
        let moved = load(Cursor::new(&dumps[0]), &to.store).unwrap();
        assert_eq!(moved.entries, count(), "{}", to.scheme);
        assert_eq!(digest(&to.store).unwrap(), moved.digest, "{}", to.scheme);
    }
}

/// Written by version 1. Its checksums were computed once more by another program.
const PINNED: &str = "\
    894152420d0a1a0a0001420000006100000049e9daf278f00c010000000670656f706c65020000000300000004\
    61646131383135100010051000906772616365313930362d006005726f6f6d731c00000e003f20ff6101000660\
    61616161616145cbcfcf5d00000000000000020000000000000003687aa269c3acf173aa6eb9a7e1c978335548\
    bd714303edad41895fad6a649006";

#[test]
fn dumps_of_old_are_read() {
    let bytes: Vec<u8> = (0..PINNED.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&PINNED[at..at + 2], 16).unwrap())
        .collect();
    let to = Bed::new("memory");
    load(Cursor::new(&bytes), &to.store).unwrap();
    let (store, now) = small();
    assert_eq!(digest(&to.store).unwrap(), digest(&store).unwrap());
    // How blocks are compressed may change; what is around them may not.
    assert_eq!(now[..10], bytes[..10]);
    assert_eq!(now[now.len() - 53..], bytes[bytes.len() - 53..]);
}

#[test]
fn a_dump_that_is_cut_anywhere_is_refused() {
    let (_, bytes) = small();
    for length in 0..bytes.len() {
        let error = refused(&bytes[..length], &format!("{length} bytes"));
        let is_expected = match error {
            TransferError::NotADump => length < 8,
            TransferError::Truncated { at } => length >= 8 && at == length as u64,
            _ => false,
        };
        assert!(is_expected, "{length} bytes: {error}");
    }
}

#[test]
fn a_dump_of_which_any_bit_was_changed_is_refused() {
    let (_, bytes) = small();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut altered = bytes.clone();
            altered[at] ^= 1 << bit;
            refused(&altered, &format!("bit {bit} of byte {at}"));
        }
    }
}

#[test]
fn what_is_no_dump_or_more_than_one_is_refused() {
    let (_, bytes) = small();
    assert!(matches!(refused(b"", "nothing"), TransferError::NotADump));
    assert!(matches!(refused(b"SQLite format 3\0", "another file"), TransferError::NotADump));
    let mut newer = bytes.clone();
    newer[9] = 2;
    let error = refused(&newer, "another version");
    assert!(matches!(error, TransferError::TooNew { found: 2, known: 1 }), "{error}");
    let twice = [bytes.as_slice(), bytes.as_slice()].concat();
    assert!(matches!(refused(&twice, "two of them"), TransferError::Altered { .. }));
}

#[test]
fn blocks_in_another_order_are_refused() {
    let (_, one) = small();
    let bed = Bed::new("memory");
    bed.store.put(&bed.store.tree("animals").unwrap(), b"cat", b"").unwrap();
    let mut other = Vec::new();
    dump(&bed.store, &mut other).unwrap();
    // What is between the version and the end of each is one whole block.
    let block = |bytes: &[u8]| bytes[10..bytes.len() - 53].to_vec();
    let mixed = [&one[..10], &block(&one), &block(&other), &one[one.len() - 53..]].concat();
    let error = refused(&mixed, "trees out of order");
    assert!(error.to_string().contains("trees are out of order"), "{error}");
    let more = [&one[..10], &block(&other), &block(&one), &one[one.len() - 53..]].concat();
    let error = refused(&more, "a block too many");
    assert!(error.to_string().contains("the end of another"), "{error}");
}

#[test]
fn lengths_that_are_lies_take_no_memory() {
    let (_, bytes) = small();
    // The block's own lengths: of its records, and of the stored bytes.
    for at in [11, 15] {
        let mut huge = bytes.clone();
        huge[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
        let error = refused(&huge, "a huge length");
        assert!(matches!(error, TransferError::Altered { at: 10, .. }), "{error}");
    }
}

#[test]
fn a_disk_that_is_full_is_said_to_be() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (store, bytes) = small();
    for room in 0..bytes.len() {
        let error = dump(&store, Full(room)).unwrap_err();
        let Some(TransferError::Io { is_writing: true, source }) = error.downcast_ref() else {
            panic!("{error}")
        };
        assert_eq!(error.kind(), ErrorKind::DiskFull, "{room}");
        assert_eq!(source.kind(), io::ErrorKind::StorageFull, "{room}");
    }
    dump(&store, Full(bytes.len())).unwrap();
}

#[test]
fn a_dump_that_is_another_the_second_time_leaves_the_mark() {
    /// Another file replaces it once it was read and rewound.
    struct Swapped(Cursor<Vec<u8>>, Vec<u8>);
    impl Read for Swapped {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            self.0.read(bytes)
        }
    }
    impl Seek for Swapped {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            if matches!(to, SeekFrom::Start(_)) {
                self.0 = Cursor::new(std::mem::take(&mut self.1));
            }
            self.0.seek(to)
        }
    }
    let (_, bytes) = small();
    let empty = Bed::new("memory");
    let mut other = Vec::new();
    dump(&empty.store, &mut other).unwrap();
    let to = Bed::new("memory");
    let ended = load(Swapped(Cursor::new(bytes), other), &to.store);
    assert!(
        matches!(ended.as_ref().unwrap_err().downcast_ref(), Some(TransferError::Differs { .. })),
        "{ended:?}"
    );
    assert!(arbour::transfer::is_unfinished(&to.store).unwrap());
}
