//! The failure that stopped a store.

use std::error::Error as StdError;
use std::sync::OnceLock;

use arbour_core::{Error, ErrorKind};
use redb::StorageError;

/// Remembers the first failure after which redb does not continue, because redb's later errors only
/// say that there was one.
#[derive(Debug, Default)]
pub(crate) struct FirstFailure(OnceLock<(ErrorKind, String)>);

impl FirstFailure {
    /// Remembers an error, or adds the earlier one that caused it.
    #[cold]
    pub(crate) fn trace(&self, error: Error) -> Error {
        if is_consequence(&error) {
            let Some((kind, first)) = self.0.get() else { return error };
            let message = format!("an earlier failure has stopped the store: {first}");
            return Error::new(*kind, error.operation(), message).with_source(error);
        }
        let stops = [ErrorKind::Corrupted, ErrorKind::DiskFull, ErrorKind::Io];
        let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
        while let Some(current) = cause {
            if let Some(root) = current.downcast_ref::<Error>()
                && stops.contains(&root.kind())
            {
                self.0.get_or_init(|| (root.kind(), root.in_one_line()));
                break;
            }
            cause = current.source();
        }
        error
    }
}

/// Tells whether redb only reports that there was an earlier failure.
fn is_consequence(error: &Error) -> bool {
    matches!(
        error.source().and_then(|cause| cause.downcast_ref()),
        Some(StorageError::PreviousIo | StorageError::LockPoisoned(_))
    )
}

#[cfg(test)]
mod tests {
    use arbour_core::{Batch, Durability, ErrorKind, KvRead as _, KvStore as _, Result};

    use crate::device::Device;

    #[test]
    fn after_a_failed_sync_nothing_is_committed_until_the_store_is_opened_again() -> Result<()> {
        let device = Device::default();
        let store = device.open()?;
        let tree = store.tree("t")?;
        store.put(&tree, b"1", b"before")?;
        device.set(|state| state.failing_sync = state.syncs + 1);
        let error = store.put(&tree, b"2", b"failed").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CommitUnknown, "{error:?}");
        assert!(error.to_string().contains("open the store again"), "{error}");
        let mut batch = Batch::new();
        batch.put(&tree, b"3", b"refused");
        for (what, result) in [
            ("begin", store.begin_with(Durability::None).map(drop)),
            ("apply", store.apply(batch, Durability::None)),
            ("sync", store.sync()),
        ] {
            let error = result.expect_err(what);
            assert_eq!(error.kind(), ErrorKind::Io, "{what}: {error:?}");
            for part in ["an earlier failure has stopped the store", "the device failed"] {
                assert!(error.to_string().contains(part), "{what}: {error}");
            }
            assert!(error.kind().next_move().contains("open the store again"));
        }
        store.close()?;
        drop(store);
        let store = device.open()?;
        let tree = store.tree("t")?;
        store.put(&tree, b"4", b"after")?;
        assert!(store.snapshot()?.contains(&tree, b"1")?);
        assert!(!store.snapshot()?.contains(&tree, b"3")?);
        Ok(())
    }
}
