//! The lease that allows one runner at a time.
//!
//! A runner writes to the store that it is active, until when, and under which epoch. Each of its
//! commits checks in the same transaction that the epoch is still its own, and extends the lease.
//! If a runner dies, another takes over once the lease has expired. If a runner was merely slow, it
//! notices before it writes anything. Clocks only say when to try; the epoch decides which runner
//! may commit.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use arbour_core::{DecodeError, Durability, Error, ErrorKind, KvStore, Result, clock};

use super::MigrationError;
use super::layout::{FORMAT, LEASE_KEY, LEASE_TREE, seal, unseal};
use super::raw_trees::{Bound, RawTrees, reading};
use super::record::Reader;

/// How often a waiting runner checks the lease.
const POLL: Duration = Duration::from_millis(20);

/// The expiry of a released lease, whatever the clock says, which may be before 1970.
const RELEASED: i64 = 0;

/// The stored lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    epoch: u64,
    /// When it expires, in milliseconds since 1970.
    until: i64,
    /// How long it lasts without a commit.
    term: Duration,
    pub(super) holder: String,
}

impl Lease {
    pub(super) fn load(raw: &dyn RawTrees) -> Result<Option<Self>> {
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

    fn decode(value: &[u8]) -> Result<Self> {
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

    /// Tells whether it is held, according to the clock.
    pub(super) fn is_held(&self) -> bool {
        self.until != RELEASED && self.until > clock::unix_millis()
    }
}

/// A lease held by this runner.
pub(super) struct Held {
    pub(super) epoch: u64,
    term: Duration,
    holder: String,
}

impl Held {
    /// Fails if another runner has taken over.
    pub(super) fn check(&self, raw: &dyn RawTrees) -> Result<()> {
        match Lease::load(raw)? {
            Some(lease) if lease.epoch == self.epoch && lease.holder == self.holder => Ok(()),
            Some(lease) => Err(MigrationError::Fenced { holder: lease.holder }.into()),
            None => {
                Err(MigrationError::Fenced { holder: "its identity is unknown".to_owned() }.into())
            }
        }
    }

    /// Extends the lease, counted from now.
    pub(super) fn renew(&self, raw: &mut dyn RawTrees) -> Result<()> {
        self.write(raw, clock::unix_millis().saturating_add_unsigned(millis(self.term)))
    }

    fn write(&self, raw: &mut dyn RawTrees, until: i64) -> Result<()> {
        let (epoch, term, holder) = (self.epoch, self.term, self.holder.clone());
        raw.put(LEASE_TREE, LEASE_KEY, &Lease { epoch, until, term, holder }.encode())
    }

    /// Runs a closure, then releases the lease, even if the closure panics.
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

    /// Releases the lease. If that fails, other runners wait until it expires.
    fn release<S: KvStore>(&self, store: &S) {
        let _ = store.write_with(Durability::None, |transaction| {
            let raw = &mut Bound::new(store, transaction);
            self.check(raw)?;
            self.write(raw, RELEASED)
        });
    }

    /// Keeps extending the lease from another thread while a long closure runs that commits
    /// nothing.
    pub(super) fn hold_while<S: KvStore, R>(&self, store: &S, run: impl FnOnce() -> R) -> R {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let renewing = scope.spawn(|| {
                loop {
                    thread::park_timeout((self.term / 4).max(POLL));
                    if is_over.load(Ordering::Acquire) {
                        break;
                    }
                    // If another runner has taken over, the next commit of this one fails, so the
                    // error is ignored here.
                    let _ = store.write_with(Durability::None, |transaction| {
                        let raw = &mut Bound::new(store, transaction);
                        self.check(raw)?;
                        self.renew(raw)
                    });
                }
            });
            // Stops the thread even after a panic; otherwise the scope would wait for it forever.
            let ended = Ended { is_over: &is_over, renewing: renewing.thread() };
            let result = run();
            drop(ended);
            result
        })
    }
}

/// Stops the thread that extends a lease.
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

/// A runner waiting for the lease.
pub(super) struct Waiting {
    began: Instant,
    holder: String,
    /// The lease last seen, and since when it has not changed.
    seen: Option<(Lease, Instant)>,
    /// The error of the last attempt to take a free lease.
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

    /// Takes the lease if it is free. Otherwise waits for one poll interval and returns `None`.
    ///
    /// # Errors
    /// [`Busy`](MigrationError::Busy) after waiting long enough; the store's own error of that kind
    /// if another transaction was in the way.
    pub(super) fn take<S: KvStore>(
        &mut self,
        store: &S,
        term: Duration,
        wait: Duration,
    ) -> Result<Option<Held>> {
        let is_shared = store.capabilities().multi_process;
        // Read through a snapshot, so that a waiting runner does not block the writer of the active
        // one.
        let lease = reading(store, |raw| Lease::load(raw))?;
        self.refused = None;
        if self.is_free(lease.as_ref(), is_shared) {
            let taken = store.write_with(Durability::None, |transaction| {
                let raw = &mut Bound::new(store, transaction);
                // Check again in the transaction: another runner may have taken it meanwhile.
                let lease = Lease::load(raw)?;
                if !self.is_free(lease.as_ref(), is_shared) {
                    return Ok(None);
                }
                let epoch = lease.map_or(0, |lease| lease.epoch).saturating_add(1);
                let held = Held { epoch, term, holder: self.holder.clone() };
                held.renew(raw)?;
                Ok(Some(held))
            });
            match taken {
                Ok(Some(held)) => return Ok(Some(held)),
                Ok(None) => self.refused = None,
                // An atomic step of another process holds the writer slot for its whole duration.
                Err(error) if error.kind() == ErrorKind::Busy => {
                    self.refused = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        let waited = self.began.elapsed();
        if waited >= wait {
            if let Some(error) = self.refused.take() {
                return Err(error);
            }
            let holder =
                lease.map_or_else(|| "its identity is unknown".to_owned(), |lease| lease.holder);
            return Err(MigrationError::Busy { holder, waited }.into());
        }
        thread::sleep(POLL.min(wait - waited));
        Ok(None)
    }

    /// Tells whether the lease is free.
    fn is_free(&mut self, lease: Option<&Lease>, is_shared: bool) -> bool {
        let Some(lease) = lease else { return true };
        if !lease.is_held() {
            return true;
        }
        // If only one process can open the store, any other process that held the lease is gone.
        if !is_shared && !lease.holder.starts_with(process()) {
            return true;
        }
        // If the clock was set back, a dead lease seems to last. A live holder renews it within its
        // term, so an unchanged lease is free after that.
        match &self.seen {
            Some((seen, since)) if seen == lease => since.elapsed() > lease.term,
            _ => {
                self.seen = Some((lease.clone(), Instant::now()));
                false
            }
        }
    }
}

/// Returns a name that no other process has.
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
