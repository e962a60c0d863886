//! The operations of migrations, measured while what multiplies their cost grows.

use arbour::migrations::{Group, Migrations, Step};
use arbour_core::{Durability, KvStore, KvWrite as _};

use super::{Case, time, time_steady};
use crate::workload::key;

/// How often an operation is repeated that does not change the size of the store.
const TIMES: u64 = 20;

pub(super) fn cases<S: KvStore>() -> Vec<Case<S>> {
    vec![
        Case::<S>::new("migration: run, per step", "pending steps", |store, size| {
            time(size, || migrations(size).run(&**store).map(drop))
        })
        .fewer(100),
        Case::<S>::new("migration: run, nothing to do", "steps that have run", |store, size| {
            let migrations = migrations(size);
            migrations.run(&**store)?;
            time_steady(TIMES * size, || {
                (0..TIMES).try_for_each(|_| migrations.run(&**store).map(drop))
            })
        })
        .fewer(100),
        Case::<S>::new(
            "migration: one more step, per step",
            "steps that have run",
            |store, size| {
                migrations(size).run(&**store)?;
                time(size, || migrations(size + 1).run(&**store).map(drop))
            },
        )
        .fewer(100),
        Case::<S>::new("migration: visit, per entry", "entries", |store, size| {
            let tree = store.tree("entries")?;
            let mut transaction = store.begin_with(Durability::None)?;
            (0..size).try_for_each(|number| transaction.put(&tree, &key(number), b"value"))?;
            transaction.commit()?;
            let each = Step::numbered(1)
                .revision("changes each")
                .each("entries", |trees, key, _| Ok(trees.put("entries", key, b"changed")?));
            let migrations = Migrations::new("bench", "1").group(Group::new("model").step(each));
            time(size, || migrations.run(&**store).map(drop))
        }),
    ]
}

/// Declares steps that write an entry each.
fn migrations(steps: u64) -> Migrations {
    let group = (1..=steps).fold(Group::new("model"), |group, number| {
        let step = Step::numbered(number).revision("writes an entry");
        group.step(step.atomic(|trees| Ok(trees.put("entries", b"key", b"value")?)))
    });
    Migrations::new("bench", "1").group(group)
}
