//! One runner at a time, whoever the others are.
//!
//! A runner notes in the store that it is at work, until when, and under which epoch. Every commit of its own
//! looks whether the epoch is still its own, in the same transaction, and writes a later end. So a runner that
//! died is succeeded once its time is over, and one that was only slow finds out before it writes anything:
//! clocks say when to try, the epoch says who may.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use arbour_core::{DecodeError, Durability, Error, ErrorKind, KvStore, clock};

use super::layout::{FORMAT, LEASE_KEY, LEASE_TREE, seal, unseal};
use super::raw_trees::{Bound, RawTrees, reading};
use super::record::Reader;
use super::{MigrationError, MigrationResult};

/// How often is looked whether another runner has ended.
const POLL: Duration = Duration::from_millis(20);

/// The end of a lease that its holder gave back, whatever the clock says, which may be before 1970.
const RELEASED: i64 = 0;

/// Who may run, by what the store says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    epoch: u64,
    /// Until when, in milliseconds since 1970.
    until: i64,
    /// How long it is held without a commit.
    term: Duration,
    pub(super) holder: String,
}

impl Lease {
    pub(super) fn load(raw: &dyn RawTrees) -> MigrationResult<Option<Self>> {
        let value = raw.get(LEASE_TREE, LEASE_KEY)?;
        value.map(|value| Self::decode(&value)).transpose()
    }

    fn encode(&self) -> Vec<u8> {
        let mut body = vec![FORMAT];
        body.extend_from_slice(&self.epoch.to_be_bytes());
        body.extend_from_slice(&self.until.to_be_bytes());
        body.extend_from_slice(&millis(self.term).to_be_bytes());
        body.extend_from_slice(self.holder.as_bytes());
        seal(LEASE_KEY, body)
    }

    fn decode(value: &[u8]) -> MigrationResult<Self> {
        let mut reader = Reader(unseal(LEASE_TREE, LEASE_KEY, value, FORMAT)?.1);
        let mut read = || {
            let (epoch, until, term) = (reader.number()?, reader.array()?, reader.number()?);
            let holder = String::from_utf8(reader.0.to_vec())
                .map_err(|_| DecodeError::new("UTF-8", "other bytes"))?;
            let (until, term) = (i64::from_be_bytes(until), Duration::from_millis(term));
            Ok(Self { epoch, until, term, holder })
        };
        read().map_err(|cause: DecodeError| MigrationError::damaged(LEASE_TREE, LEASE_KEY, cause))
    }

    /// Tells whether someone holds it, by the clock.
    pub(super) fn is_held(&self) -> bool {
        self.until != RELEASED && self.until > clock::unix_millis()
    }
}

/// The lease of a runner that has it.
pub(super) struct Held {
    pub(super) epoch: u64,
    term: Duration,
    holder: String,
}

impl Held {
    /// Fails if another runner has taken over.
    pub(super) fn check(&self, raw: &dyn RawTrees) -> MigrationResult<()> {
        match Lease::load(raw)? {
            Some(lease) if lease.epoch == self.epoch && lease.holder == self.holder => Ok(()),
            Some(lease) => Err(MigrationError::Fenced { holder: lease.holder }),
            None => Err(MigrationError::Fenced { holder: "its identity is unknown".to_owned() }),
        }
    }

    /// Holds it on, from now.
    pub(super) fn renew(&self, raw: &mut dyn RawTrees) -> MigrationResult<()> {
        self.write(raw, clock::unix_millis().saturating_add_unsigned(millis(self.term)))
    }

    fn write(&self, raw: &mut dyn RawTrees, until: i64) -> MigrationResult<()> {
        let (epoch, term, holder) = (self.epoch, self.term, self.holder.clone());
        Ok(raw.put(LEASE_TREE, LEASE_KEY, &Lease { epoch, until, term, holder }.encode())?)
    }

    /// Runs something, and lets others run afterwards, whether it returns or panics.
    pub(super) fn during<S: KvStore, R>(&self, store: &S, run: impl FnOnce() -> R) -> R {
        struct Release<'r, S: KvStore>(&'r Held, &'r S);
        impl<S: KvStore> Drop for Release<'_, S> {
            fn drop(&mut self) {
                self.0.release(self.1);
            }
        }
        let _release = Release(self, store);
        run()
    }

    /// Lets others run. If that fails they wait until it has run out.
    fn release<S: KvStore>(&self, store: &S) {
        let _ = store.write_with(Durability::None, |transaction| {
            let raw = &mut Bound::new(store, transaction);
            self.check(raw)?;
            self.write(raw, RELEASED)
        });
    }

    /// Holds it on while something takes long that commits nothing.
    pub(super) fn hold_while<S: KvStore, R>(&self, store: &S, run: impl FnOnce() -> R) -> R {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let renewing = scope.spawn(|| {
                loop {
                    thread::park_timeout((self.term / 4).max(POLL));
                    if is_over.load(Ordering::Acquire) {
                        break;
                    }
                    // Whoever took over is found out by the next commit.
                    let _ = store.write_with(Durability::None, |transaction| {
                        let raw = &mut Bound::new(store, transaction);
                        self.check(raw)?;
                        self.renew(raw)
                    });
                }
            });
            // A panic ends the thread too, which the scope would wait for.
            let ended = Ended { is_over: &is_over, renewing: renewing.thread() };
            let result = run();
            drop(ended);
            result
        })
    }
}

/// Ends what holds a lease on.
struct Ended<'e> {
    is_over: &'e AtomicBool,
    renewing: &'e thread::Thread,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        self.renewing.unpark();
    }
}

/// Waiting for a lease.
pub(super) struct Waiting {
    began: Instant,
    holder: String,
    /// The lease that was seen, and since when it has been the same.
    seen: Option<(Lease, Instant)>,
    /// Why the lease could not be taken though it was free, the last time.
    refused: Option<Error>,
}

impl Waiting {
    pub(super) fn new() -> Self {
        static RUNNERS: AtomicU64 = AtomicU64::new(1);
        let number = RUNNERS.fetch_add(1, Ordering::Relaxed);
        Self {
            began: Instant::now(),
            holder: format!("{}.{number}", process()),
            seen: None,
            refused: None,
        }
    }

    /// Takes the lease if it is free. `None` if it is not: then it has waited for a moment.
    ///
    /// # Errors
    /// [`Busy`](MigrationError::Busy) if it was waited for long enough, or the store's own error of that kind if
    /// it was a transaction that was in the way.
    pub(super) fn take<S: KvStore>(
        &mut self,
        store: &S,
        term: Duration,
        wait: Duration,
    ) -> MigrationResult<Option<Held>> {
        let is_shared = store.capabilities().multi_process;
        // Looked at by a snapshot, so that who waits does not keep who works from writing.
        let lease = reading(store, |raw| Lease::load(raw))?;
        self.refused = None;
        if self.is_free(lease.as_ref(), is_shared) {
            let taken = store.write_with(Durability::None, |transaction| {
                let raw = &mut Bound::new(store, transaction);
                let lease = Lease::load(raw)?;
                if !self.is_free(lease.as_ref(), is_shared) {
                    return Ok(None);
                }
                let epoch = lease.map_or(0, |lease| lease.epoch).saturating_add(1);
                let held = Held { epoch, term, holder: self.holder.clone() };
                held.renew(raw)?;
                MigrationResult::Ok(Some(held))
            });
            match taken {
                Ok(Some(held)) => return Ok(Some(held)),
                Ok(None) => self.refused = None,
                // A step of another process's that is one transaction holds the slot all the time.
                Err(MigrationError::Store(error)) if error.kind() == ErrorKind::Busy => {
                    self.refused = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        let waited = self.began.elapsed();
        if waited >= wait {
            if let Some(error) = self.refused.take() {
                return Err(error.into());
            }
            let holder =
                lease.map_or_else(|| "its identity is unknown".to_owned(), |lease| lease.holder);
            return Err(MigrationError::Busy { holder, waited });
        }
        thread::sleep(POLL.min(wait - waited));
        Ok(None)
    }

    /// Tells whether nobody holds the lease any more.
    fn is_free(&mut self, lease: Option<&Lease>, is_shared: bool) -> bool {
        let Some(lease) = lease else { return true };
        if !lease.is_held() {
            return true;
        }
        // Where one process has the store for itself, every other that had it is gone.
        if !is_shared && !lease.holder.starts_with(process()) {
            return true;
        }
        // A clock that was set back makes a lease seem to last. Whoever holds it renews it in time.
        match &self.seen {
            Some((seen, since)) if seen == lease => since.elapsed() > lease.term,
            _ => {
                self.seen = Some((lease.clone(), Instant::now()));
                false
            }
        }
    }
}

/// A name that only this process has.
fn process() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_i64(clock::unix_millis());
        format!("process {} ({:016x})", std::process::id(), hasher.finish())
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held_by(holder: String) -> Lease {
        Lease { epoch: 1, until: i64::MAX, term: Duration::from_secs(3600), holder }
    }

    #[test]
    fn a_store_of_one_process_is_free_of_the_leases_of_others() {
        let of_another = held_by("process 1 (0000000000000000).1".to_owned());
        let mut waiting = Waiting::new();
        assert!(waiting.is_free(Some(&of_another), false), "that process is gone");
        assert!(!waiting.is_free(Some(&of_another), true), "that process may be at work");
        let of_a_thread = held_by(Waiting::new().holder);
        assert!(!waiting.is_free(Some(&of_a_thread), false), "a thread of this process has it");
    }
}
