//! Dumps that can be read only once.

use std::cell::Cell;
use std::io::{self, Read};
use std::ops::ControlFlow;

use arbour::transfer::{Transfer, TransferError, digest, dump, is_unfinished, load_stream};
use arbour::{KvStore as _, KvWrite as _, MemoryStore};

use super::bed::{Bed, count};
use super::noise::noise;

/// The contents of a pipe, which cannot be rewound, and arrive in small pieces.
struct Pipe<'p> {
    bytes: &'p [u8],
    taken: &'p Cell<u64>,
}

impl Read for Pipe<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(4096);
        let read = self.bytes.read(&mut buffer[..length])?;
        self.taken.set(self.taken.get() + read as u64);
        Ok(read)
    }
}

/// A reader that can do nothing else.
fn pipe(bytes: &[u8]) -> impl Read + '_ {
    bytes
}

fn dump_of(bed: &Bed) -> Vec<u8> {
    let mut bytes = Vec::new();
    dump(&bed.store, &mut bytes).unwrap();
    bytes
}

#[test]
fn a_dump_from_a_pipe_fills_every_engine() {
    let bytes = dump_of(&Bed::filled("memory"));
    for to in Bed::all() {
        let moved = load_stream(pipe(&bytes), &to.store).unwrap();
        assert_eq!(moved.entries, count(), "{}", to.scheme);
        assert_eq!(digest(&to.store).unwrap(), moved.digest, "{}", to.scheme);
        assert!(!is_unfinished(&to.store).unwrap(), "{}", to.scheme);
        let again = load_stream(pipe(&bytes), &to.store);
        assert!(
            matches!(
                again.as_ref().unwrap_err().downcast_ref(),
                Some(TransferError::NotEmpty { .. })
            ),
            "{}: {again:?}",
            to.scheme
        );
        assert_eq!(digest(&to.store).unwrap(), moved.digest, "{}", to.scheme);
    }
}

#[test]
fn of_a_damaged_dump_nothing_is_left() {
    let bytes = dump_of(&Bed::filled("memory"));
    let mut digest_changed = bytes.clone();
    *digest_changed.last_mut().unwrap() ^= 1;
    let mut block_changed = bytes.clone();
    block_changed[bytes.len() - 60] ^= 1;
    let longer = [bytes.as_slice(), b"x"].concat();
    let cases: [(&str, &[u8]); 5] = [
        ("its last byte is missing", &bytes[..bytes.len() - 1]),
        ("its last block is missing", &bytes[..bytes.len() - 60]),
        ("a bit of its digest was changed", &digest_changed),
        ("a bit of its last block was changed", &block_changed),
        ("something follows it", &longer),
    ];
    for to in Bed::all() {
        for (what, damaged) in cases {
            let ended = load_stream(pipe(damaged), &to.store);
            let is_right = matches!(
                ended.as_ref().unwrap_err().downcast_ref(),
                Some(TransferError::Truncated { .. } | TransferError::Altered { .. })
            );
            assert!(is_right, "{}: {what}: {ended:?}", to.scheme);
            assert_eq!(to.store.stats().unwrap().entries, 0, "{}: {what}", to.scheme);
            assert!(!is_unfinished(&to.store).unwrap(), "{}: {what}", to.scheme);
        }
        load_stream(pipe(&bytes), &to.store).unwrap();
    }
}

#[test]
fn what_a_damaged_dump_was_to_replace_is_marked() {
    let (bytes, to) = (dump_of(&Bed::filled("memory")), Bed::new("memory"));
    to.store.put(&to.store.tree("mine").unwrap(), b"key", b"value").unwrap();
    let ended = Transfer::new().replace().load_stream(pipe(&bytes[..bytes.len() - 1]), &to.store);
    assert!(
        matches!(ended.as_ref().unwrap_err().downcast_ref(), Some(TransferError::Truncated { .. })),
        "{ended:?}"
    );
    assert!(is_unfinished(&to.store).unwrap());
    let moved = load_stream(pipe(&bytes), &to.store).unwrap();
    assert_eq!(digest(&to.store).unwrap(), moved.digest);
    assert!(!is_unfinished(&to.store).unwrap());
}

#[test]
fn an_interrupted_load_is_resumed_by_the_same_call() {
    let (bytes, to) = (dump_of(&Bed::filled("memory")), Bed::new("memory"));
    let mut reports = 0;
    let ended = Transfer::new()
        .chunk_bytes(20_000)
        .progress(|_| {
            reports += 1;
            if reports > 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .load_stream(pipe(&bytes), &to.store);
    assert!(
        matches!(ended.as_ref().unwrap_err().downcast_ref(), Some(TransferError::Cancelled)),
        "{ended:?}"
    );
    assert!(is_unfinished(&to.store).unwrap() && to.store.stats().unwrap().entries > 1);
    let moved = load_stream(pipe(&bytes), &to.store).unwrap();
    assert_eq!(digest(&to.store).unwrap(), moved.digest);
}

/// What was read from the pipe and is not in the store yet is never more than a few blocks.
#[test]
fn a_dump_of_any_size_is_loaded_in_blocks() {
    const TOTAL: usize = 24 << 20;
    let from = MemoryStore::new();
    let tree = from.tree("noise").unwrap();
    let noise = noise(1, TOTAL);
    let filled = from.write(|transaction| {
        let mut values = (0_u32..).zip(noise.chunks(8192));
        values.try_for_each(|(key, value)| transaction.put(&tree, &key.to_be_bytes(), value))
    });
    filled.unwrap();
    let mut bytes = Vec::new();
    dump(&from, &mut bytes).unwrap();
    let (taken, ahead) = (Cell::new(0_u64), Cell::new(0_u64));
    Transfer::new()
        .progress(|progress| {
            if progress.step == "load" {
                ahead.set(ahead.get().max(taken.get().saturating_sub(progress.bytes)));
            }
            ControlFlow::Continue(())
        })
        .load_stream(Pipe { bytes: &bytes, taken: &taken }, &MemoryStore::new())
        .unwrap();
    assert_eq!(taken.get(), bytes.len() as u64);
    assert!(ahead.get() < 4 << 20, "{} bytes ahead of the store", ahead.get());
}
