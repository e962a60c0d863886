//! Detecting that a compaction of redb makes no progress.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// How many syncs in a row may write nothing but the header. A compaction that makes progress
/// writes pages before each sync.
const IDLE_SYNCS_MAX: u32 = 1000;

/// Observes the writes of a compaction.
///
/// A compaction ends when no freed page is left. If the list of freed pages is damaged, one is
/// always left, and redb makes empty commits forever.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<Watch>);

#[derive(Debug, Default)]
struct Watch {
    is_watched: AtomicBool,
    idle_syncs: AtomicU32,
}

impl Progress {
    /// Runs a compaction, and tells whether it was stopped because it made no progress.
    pub(crate) fn watch<R>(&self, compact: impl FnOnce() -> R) -> (R, bool) {
        self.0.idle_syncs.store(0, Ordering::Relaxed);
        self.0.is_watched.store(true, Ordering::Relaxed);
        let result = compact();
        self.0.is_watched.store(false, Ordering::Relaxed);
        (result, self.0.idle_syncs.load(Ordering::Relaxed) > IDLE_SYNCS_MAX)
    }

    /// Records a write at an offset of the file.
    #[inline]
    pub(crate) fn written(&self, offset: u64) {
        if offset > 0 {
            self.0.idle_syncs.store(0, Ordering::Relaxed);
        }
    }

    /// Records a sync, and fails after too many that wrote nothing.
    pub(crate) fn synced(&self) -> io::Result<()> {
        let idle = self.0.idle_syncs.fetch_add(1, Ordering::Relaxed) + 1;
        if idle > IDLE_SYNCS_MAX && self.0.is_watched.load(Ordering::Relaxed) {
            return Err(io::Error::other("the compaction writes nothing and does not end"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compaction_that_only_syncs_is_stopped() {
        let progress = Progress::default();
        let sync = |times: u32| (0..times).try_for_each(|_| progress.synced());
        sync(2 * IDLE_SYNCS_MAX).unwrap();
        let (ended, is_stuck) = progress.watch(|| sync(2 * IDLE_SYNCS_MAX));
        let stopped = ended.unwrap_err().to_string();
        assert_eq!(stopped, "the compaction writes nothing and does not end");
        assert!(is_stuck);

        let (ended, is_stuck) = progress.watch(|| {
            sync(IDLE_SYNCS_MAX)?;
            progress.written(4096);
            sync(IDLE_SYNCS_MAX)
        });
        ended.unwrap();
        assert!(!is_stuck, "a page was written in between");

        // The header is written with each sync.
        let (ended, _) = progress.watch(|| {
            sync(IDLE_SYNCS_MAX)?;
            progress.written(0);
            sync(1)
        });
        assert!(ended.is_err());
    }
}
