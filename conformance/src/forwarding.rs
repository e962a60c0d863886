//! Whether a wrapper of a store forwards every method of the contract.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arbour_core::engine::{CommitChecks, Prefetch, SendSnapshot, TreeName, Write, forward};
use arbour_core::{
    Batch, Capabilities, Direction, Durability, KeyRange, KvRead, KvStore, KvWrite, MemorySnapshot,
    MemoryStore, MemoryTransaction, Result, Stats, Tree,
};
use parking_lot::Mutex;

/// The names of the methods that were called, in order.
type Calls = Arc<Mutex<Vec<&'static str>>>;

/// A store in memory that records which of its methods are called. [`check_forwarding`] makes it.
///
/// ```
/// use arbour_conformance::{Probe, check_forwarding};
/// use std::sync::Arc;
/// assert_eq!(check_forwarding(|probe: Probe| Arc::new(probe)), [""; 0]);
/// ```
pub struct Probe {
    store: MemoryStore,
    calls: Calls,
}

impl Probe {
    fn note(&self, method: &'static str) {
        self.calls.lock().push(method);
    }
}

impl KvStore for Probe {
    type Snapshot<'s> = Watched<MemorySnapshot<'s>>;
    type Transaction<'s> = Watched<MemoryTransaction<'s>>;

    fn capabilities(&self) -> &Capabilities {
        self.note("capabilities");
        self.store.capabilities()
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.note("open_tree");
        self.store.open_tree(name)
    }

    fn snapshot(&self) -> Result<Self::Snapshot<'_>> {
        self.note("snapshot");
        Ok(Watched { inner: self.store.snapshot()?, calls: Arc::clone(&self.calls) })
    }

    fn send_snapshot(&self) -> Result<SendSnapshot<'_>> {
        self.note("send_snapshot");
        Ok(SendSnapshot::new(Watched {
            inner: self.store.snapshot()?,
            calls: Arc::clone(&self.calls),
        }))
    }

    fn begin_with(&self, durability: Durability) -> Result<Self::Transaction<'_>> {
        self.note("begin_with");
        Ok(Watched { inner: self.store.begin_with(durability)?, calls: Arc::clone(&self.calls) })
    }

    fn writer_wait(&self) -> Duration {
        self.note("writer_wait");
        self.store.writer_wait()
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        self.note("apply");
        self.store.apply(batch, durability)
    }

    fn sync(&self) -> Result<()> {
        self.note("sync");
        self.store.sync()
    }

    fn close(&self) -> Result<()> {
        self.note("close");
        self.store.close()
    }

    fn stats(&self) -> Result<Stats> {
        self.note("stats");
        self.store.stats()
    }

    fn compact(&self) -> Result<()> {
        self.note("compact");
        Ok(())
    }

    fn backup(&self, _: &Path) -> Result<()> {
        self.note("backup");
        Ok(())
    }
}

/// A snapshot or transaction of a [`Probe`].
///
/// ```
/// use arbour_conformance::Watched;
/// # use arbour_core::MemorySnapshot;
/// # fn takes(_: Option<Watched<MemorySnapshot<'_>>>) {}
/// # takes(None);
/// ```
pub struct Watched<R> {
    inner: R,
    calls: Calls,
}

impl<R> Watched<R> {
    fn note(&self, method: &'static str) {
        self.calls.lock().push(method);
    }
}

impl<R: KvRead> KvRead for Watched<R> {
    forward!(types of R);

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value<'_>>> {
        self.note("get");
        self.inner.get(tree, key)
    }

    fn get_with<O>(
        &self,
        tree: &Tree,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> O,
    ) -> Result<Option<O>> {
        self.note("get_with");
        self.inner.get_with(tree, key, read)
    }

    fn contains(&self, tree: &Tree, key: &[u8]) -> Result<bool> {
        self.note("contains");
        self.inner.contains(tree, key)
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self::Cursor<'_>> {
        self.note("scan");
        self.inner.scan(tree, range, direction)
    }

    fn len(&self, tree: &Tree) -> Result<u64> {
        self.note("len");
        self.inner.len(tree)
    }

    fn prefetch(&self, reads: &dyn Fn() -> Vec<Prefetch>) -> Result<bool> {
        self.note("prefetch");
        self.inner.prefetch(reads)
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.note("open_tree");
        self.inner.open_tree(name)
    }

    fn trees(&self) -> Result<Vec<String>> {
        self.note("trees");
        self.inner.trees()
    }
}

impl<W: KvWrite> KvWrite for Watched<W> {
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        self.note("put");
        self.inner.put(tree, key, value)
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        self.note("delete");
        self.inner.delete(tree, key)
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        self.note("delete_range");
        self.inner.delete_range(tree, range)
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.note("check");
        self.inner.check(write)
    }

    fn commit_checks(&mut self) -> &mut CommitChecks {
        self.note("commit_checks");
        self.inner.commit_checks()
    }

    fn commit(self) -> Result<()> {
        self.note("commit");
        self.inner.commit()
    }

    fn rollback(self) -> Result<()> {
        self.note("rollback");
        self.inner.rollback()
    }
}

/// Calls every method of the contract on a wrapper, its snapshot, its transaction and a savepoint
/// of that, and returns those that did not reach the same method of the wrapped store: for example
/// `snapshot.len`, if a wrapper leaves out [`KvRead::len`] and counts by a scan.
///
/// [`KvRead::prefix`], [`first`](KvRead::first) and [`last`](KvRead::last) may reach `scan`
/// instead, and [`get`](KvRead::get) and [`multi_get`](KvRead::multi_get) may reach `get_with`.
///
/// If the wrapper refuses a call that a store in memory would accept, the check ends, and that call
/// is the last line.
///
/// ```
/// use arbour_conformance::check_forwarding;
/// use arbour_core::DynStore;
/// use arbour::GroupCommit;
/// use std::sync::Arc;
/// assert!(check_forwarding(DynStore::new).is_empty());
/// // What is applied there joins a group, which is a transaction.
/// assert_eq!(check_forwarding(|probe| GroupCommit::new(Arc::new(probe))), ["apply"]);
/// ```
#[must_use]
pub fn check_forwarding<S: KvStore>(wrap: impl FnOnce(Probe) -> S) -> Vec<String> {
    let calls = Calls::default();
    let store = wrap(Probe { store: MemoryStore::new(), calls: Arc::clone(&calls) });
    let mut missed = Missed { calls, methods: Vec::new() };
    if let Err(error) = call_all(&store, &mut missed) {
        missed.methods.push(format!("refused: {error:?}"));
    }
    missed.methods
}

/// Records which calls did not arrive.
struct Missed {
    calls: Calls,
    methods: Vec<String>,
}

impl Missed {
    /// Makes a call that has to reach one of these methods.
    fn call<T>(&mut self, on: &str, methods: &[&'static str], call: impl FnOnce() -> T) -> T {
        self.calls.lock().clear();
        let done = call();
        let arrived = self.calls.lock().iter().any(|method| methods.contains(method));
        if !arrived && let Some(method) = methods.first() {
            self.methods.push(format!("{on}{method}"));
        }
        done
    }
}

fn call_all<S: KvStore>(store: &S, missed: &mut Missed) -> Result<()> {
    missed.call("", &["capabilities"], || store.capabilities().engine);
    let tree = missed.call("", &["open_tree"], || store.tree("t"))?;
    let mut batch = Batch::new();
    batch.put(&tree, b"a", b"1");
    missed.call("", &["apply"], || store.apply(batch, Durability::default()))?;
    missed.call("", &["writer_wait"], || store.writer_wait());
    missed.call("", &["sync"], || store.sync())?;
    missed.call("", &["stats"], || store.stats())?;
    missed.call("", &["compact"], || store.compact())?;
    missed.call("", &["backup"], || store.backup("copy".as_ref()))?;
    let snapshot = missed.call("", &["snapshot"], || store.snapshot())?;
    read_all("snapshot.", &snapshot, &tree, missed)?;
    drop(snapshot);
    let snapshot = missed.call("", &["send_snapshot"], || store.send_snapshot())?;
    read_all("send_snapshot.", &snapshot, &tree, missed)?;
    drop(snapshot);

    let mut transaction = missed.call("", &["begin_with"], || store.begin())?;
    read_all("transaction.", &transaction, &tree, missed)?;
    write_all("transaction.", &mut transaction, &tree, missed)?;
    transaction.savepoint(|savepoint| {
        read_all("savepoint.", savepoint, &tree, missed)?;
        // The writes of a savepoint are made at its end.
        let write = Write { tree: &tree, key: b"b", value: None };
        missed.call("savepoint.", &["check"], || savepoint.check(&write))
    })?;
    missed.call("transaction.", &["commit"], || transaction.commit())?;
    let transaction = store.begin()?;
    missed.call("transaction.", &["rollback"], || transaction.rollback())?;
    missed.call("", &["close"], || store.close())
}

fn read_all<R: KvRead>(on: &str, reader: &R, tree: &Tree, missed: &mut Missed) -> Result<()> {
    missed.call(on, &["get", "get_with"], || reader.get(tree, b"a").map(drop))?;
    missed.call(on, &["get_with"], || reader.get_with(tree, b"a", |_| ()))?;
    missed.call(on, &["multi_get", "get", "get_with"], || {
        reader.multi_get(tree, &[b"a"]).map(drop)
    })?;
    missed.call(on, &["contains"], || reader.contains(tree, b"a"))?;
    missed
        .call(on, &["scan"], || reader.scan(tree, KeyRange::all(), Direction::Forward).map(drop))?;
    missed.call(on, &["prefix", "scan"], || reader.prefix(tree, b"a").map(drop))?;
    missed.call(on, &["first", "scan"], || reader.first(tree, KeyRange::all()))?;
    missed.call(on, &["last", "scan"], || reader.last(tree, KeyRange::all()))?;
    missed.call(on, &["len"], || reader.len(tree))?;
    missed.call(on, &["open_tree"], || reader.open_tree(TreeName::new("t")?))?;
    missed.call(on, &["trees"], || reader.trees())?;
    missed.call(on, &["prefetch"], || reader.prefetch(&Vec::new))?;
    Ok(())
}

fn write_all<W: KvWrite>(
    on: &str,
    transaction: &mut W,
    tree: &Tree,
    missed: &mut Missed,
) -> Result<()> {
    missed.call(on, &["put"], || transaction.put(tree, b"b", b"2"))?;
    missed.call(on, &["delete"], || transaction.delete(tree, b"b"))?;
    missed
        .call(on, &["delete_range"], || transaction.delete_range(tree, KeyRange::prefix(b"b")))?;
    missed.call(on, &["check"], || {
        transaction.check(&Write { tree, key: b"b", value: Some(b"2") })
    })?;
    missed.call(on, &["commit_checks"], || transaction.before_commit(|_| Ok(())));
    Ok(())
}
