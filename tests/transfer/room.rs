//! A full device: nothing incomplete counts as whole, and once there is space the transfer resumes.

use arbour::transfer::{Transfer, TransferError, copy, digest, dump};
use arbour::{ErrorKind, KvStore as _, KvWrite as _, MemoryStore};

use crate::bed::local_engines;
use crate::limited;
use crate::noise::noise;

const ROOM_BYTES: u64 = 4 << 20;

/// A store that takes four times the space.
fn source() -> MemoryStore {
    let source = MemoryStore::new();
    let tree = source.tree("t").unwrap();
    let noise = noise(0, 16 << 20);
    let filled = source.write(|transaction| {
        let mut values = (0_u32..).zip(noise.chunks_exact(4096));
        values.try_for_each(|(key, value)| transaction.put(&tree, &key.to_be_bytes(), value))
    });
    filled.unwrap();
    source
}

#[cfg(unix)]
#[test]
fn a_copy_goes_on_once_there_is_room() {
    if let Some(url) = limited::url() {
        let store = match arbour::open(&url) {
            // It reserves its journal, which takes more.
            Err(error) if url.starts_with("fjall:") => {
                assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
                return;
            }
            opened => opened.unwrap(),
        };
        let error = Transfer::new().chunk_bytes(64 << 10).copy(&source(), &store).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Io | ErrorKind::CommitUnknown), "{error:?}");
        return;
    }
    for scheme in local_engines().filter(|scheme| scheme != "memory") {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("{scheme}:{}", folder.path().join("store").display());
        limited::run("room::a_copy_goes_on_once_there_is_room", &url, ROOM_BYTES);

        let (source, store) = (source(), arbour::open(&url).unwrap());
        let left = copy(&store, &MemoryStore::new());
        let is_unfinished = left
            .as_ref()
            .is_err_and(|error| matches!(error.downcast_ref(), Some(TransferError::Unfinished)));
        assert_eq!(is_unfinished, scheme != "fjall", "{scheme}: {left:?}");
        assert_eq!(copy(&source, &store).unwrap().entries, 4096, "{scheme}");
        assert_eq!(digest(&store).unwrap(), digest(&source).unwrap(), "{scheme}");
        store.close().unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_dump_that_finds_no_room_is_an_error() {
    if let Some(url) = limited::url() {
        let file = std::fs::File::create(url).unwrap();
        let error = dump(&source(), &file).unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(TransferError::Io { .. })), "{error:?}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dump");
    let test = "room::a_dump_that_finds_no_room_is_an_error";
    limited::run(test, path.to_str().unwrap(), ROOM_BYTES);
    let cut = std::fs::File::open(path).unwrap();
    let store = MemoryStore::new();
    let refused = arbour::transfer::load(cut, &store);
    assert!(
        matches!(
            refused.as_ref().unwrap_err().downcast_ref(),
            Some(TransferError::Truncated { .. })
        ),
        "{refused:?}"
    );
    assert_eq!(store.stats().unwrap().entries, 0);
}
