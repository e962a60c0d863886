//! Migrating: the next version is built in the replica that is not in use, and then made the
//! current one.
//!
//! An upgrade is an atomic step of Arbour's migrations. The replica, the marker of its version, the
//! pointer and the record in the journal are one commit, so there is no moment at which only some
//! of them are there: not after a failure, and not after the death of the process. With chunks this
//! would not hold: a write to the replica in use, behind the position already reached, would be
//! lost after the switch.
//!
//! The previous replica stays as it was, until the migration after the next overwrites it.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use arbour::codec::{Codec as _, Json};
use arbour::key::Key as _;
use arbour::migrations::{Group, Migrations, Run, Step, StepTrees};
use arbour::{AnyResult, KeyRange};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::decision::{Decisions, Nodes, decide};
use super::replica::{CURRENT, META, VERSION};
use super::{Database, Error, Replica};

type Plan = dyn Fn(&Nodes) -> AnyResult<Decisions> + Send + Sync;

/// The upgrade to a version of the nodes, from the version before.
#[derive(Clone)]
pub struct Upgrade {
    version: u64,
    plan: Arc<Plan>,
}

impl Upgrade {
    /// Makes the upgrade to a version, the first of which is 1. Its plan sees all nodes and decides
    /// about each of them.
    pub fn to(
        version: u64,
        plan: impl Fn(&Nodes) -> AnyResult<Decisions> + Send + Sync + 'static,
    ) -> Self {
        Self { version, plan: Arc::new(plan) }
    }

    fn step(&self) -> Step {
        let (version, plan) = (self.version, Arc::clone(&self.plan));
        Step::numbered(version)
            .atomic(move |trees| build(trees, version, &*plan))
            .check(move |trees| verify(trees, version))
    }
}

impl Database {
    /// Upgrades the current replica to the newest version, by the upgrades that have not run yet.
    /// Returns how many ran: if none is pending, it costs one read and no write.
    ///
    /// All nodes are in memory while it runs, and the writes of an upgrade are one transaction. If
    /// processes share a store, a runner that died during a migration is waited for: ten seconds,
    /// unless `run` says otherwise.
    ///
    /// # Errors
    /// [`Error::Migration`]. Upgrades before the one that failed stay.
    pub fn migrate(&self, upgrades: &[Upgrade], run: &Run) -> Result<usize, Error> {
        let steps = upgrades.iter().map(Upgrade::step);
        let group = steps.fold(Group::new("replicas").contiguous(), Group::step);
        let migrations = Migrations::new("generators", env!("CARGO_PKG_VERSION")).group(group);
        let report = migrations.run_with(&self.store, run, &mut |_| ControlFlow::Continue(()));
        let report = report.map_err(|cause| Error::Migration { path: self.url(), cause })?;
        Ok(report.steps.len())
    }
}

/// Builds a version in the replica that is not current, and makes it the current one.
fn build(trees: &mut StepTrees<'_>, version: u64, plan: &Plan) -> AnyResult {
    let from = current(trees)?;
    let mut nodes = Nodes::new();
    trees.each(from.nodes(), |_, key, value| {
        nodes.insert(String::decode_key(key)?, Json::decode(value)?);
        Ok(())
    })?;
    // All mistakes in the decisions are found before the first write.
    let made = decide(&nodes, plan(&nodes)?)?;
    let to = from.other();
    trees.delete_range(to.nodes(), KeyRange::all())?;
    trees.delete_range(to.global(), KeyRange::all())?;
    for (node, value) in &made {
        put(trees, to.nodes(), node, value)?;
    }
    put(trees, to.global(), VERSION, &version)?;
    put(trees, META, CURRENT, &to)
}

/// Checks the version of the replica that is now current, before the commit.
fn verify(trees: &mut StepTrees<'_>, version: u64) -> AnyResult {
    let current = current(trees)?;
    match get::<u64>(trees, current.global(), VERSION)? {
        Some(found) if found == version => Ok(()),
        found => Err(format!("replica {current} is of version {found:?}").into()),
    }
}

fn current(trees: &mut StepTrees<'_>) -> AnyResult<Replica> {
    Ok(get(trees, META, CURRENT)?.unwrap_or_default())
}

fn get<T: Serialize + DeserializeOwned>(
    trees: &mut StepTrees<'_>,
    tree: &str,
    key: &str,
) -> AnyResult<Option<T>> {
    let value = trees.get(tree, key.as_bytes())?;
    Ok(value.map(|value| Json::decode(&value)).transpose()?)
}

fn put<T: Serialize + DeserializeOwned>(
    trees: &mut StepTrees<'_>,
    tree: &str,
    key: &str,
    value: &T,
) -> AnyResult {
    let mut bytes = Vec::new();
    Json::encode(value, &mut bytes)?;
    Ok(trees.put(tree, key.as_bytes(), &bytes)?)
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").field("version", &self.version).finish_non_exhaustive()
    }
}
