//! Writing while a unique index is built.

use std::ops::ControlFlow;
use std::time::Duration;

use arbour::Result;
use arbour::documents::{
    Declaration, DocError, DocId, Field, Filter, Index, IndexState, Precondition, Written,
};
use arbour_core::{KvStore, StoreOptions};
use serde_json::{Value, json};

use super::claims::{load, member, refused};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, TestCollection, TestReader, TestWriter};

/// Enough documents for several chunks of a build.
const CROWD: usize = 1800;

fn body(id: &str, code: &str) -> Value {
    json!({"id": id, "code": code})
}

/// Writes values of documents that a build has already passed, and of others that it has not
/// reached yet, and asserts that all are refused.
fn take<S: KvStore>(store: &S, codes: &impl TestCollection<Value>, round: usize) -> Result<()> {
    store.write(|transaction| {
        let mut codes = codes.writer(transaction)?;
        let taken = |result: Result<Written>, holder: &str| {
            let error = refused(result, "a code that is taken");
            let is_right = matches!(&error, DocError::Unique { holder: told, .. }
                if *told == DocId::from(holder));
            assert!(is_right, "round {round}, {holder}: {error:?}");
        };
        for (holder, code) in [("00000", "c0"), ("00900", "c900"), ("01798", "c1798")] {
            taken(codes.insert(&body("new", code)), holder);
            taken(codes.update("01799", &json!({"code": code})), holder);
        }
        let (own, next) = (format!("own {round}"), format!("next {round}"));
        codes.insert(&body(&own, &own))?;
        taken(codes.insert(&body(&next, &own)), &own);
        codes.put(&body(&own, &next), Precondition::Present)?;
        codes.insert(&body(&next, &own))?;
        // A value that a document no longer has is free, whether the build has reached it or not.
        let freed = format!("{:05}", 100 + round * 17);
        let code = codes.get(&freed)?.map(|stored| member(&stored.body, "code"));
        codes.remove(&freed)?;
        codes.insert(&json!({"id": format!("freed {round}"), "code": code}))?;
        Ok(())
    })
}

/// A unique index is unique from the moment it is declared. While it is built, and rebuilt, a value
/// of any document is refused for every writer, whether its document is already in the index or
/// not. Nulls are free, and so are values that documents no longer have.
pub(super) fn unique_while_built<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    // On a busy machine a write that reads the documents which the build has not reached takes long, and one
    // that meets a conflict is made again.
    bed.reopen_with(&StoreOptions::new().busy_timeout(Duration::from_secs(60)))?;
    let plain = || Declaration::<Value>::new("codes").field(Field::path("code"));
    let unique = || plain().index(Index::on("code").unique());
    let bodies: Vec<Value> =
        (0..CROWD).map(|n| body(&format!("{n:05}"), &format!("c{n}"))).collect();
    load(bed.store(), &bed.open(plain())?, &bodies)?;
    bed.settle()?;
    let (building, writing) = (bed.declare(unique())?, bed.declare(unique())?);
    take(bed.store(), &writing, 0)?;
    let (mut round, mut taken) = (0, 0);
    let mut build = || {
        let mut failure = None;
        let built = building.build(bed.store(), &mut |_| {
            round += 1;
            // There are more rounds where chunks are small, and each takes documents of its own.
            if taken < 80 {
                taken += 1;
                failure = failure.take().or(take(bed.store(), &writing, taken).err());
            }
            ControlFlow::Continue(())
        })?;
        assert!(failure.is_none(), "a write while the index is built: {failure:?}");
        assert!(built.iter().all(|index| index.state == IndexState::Readable), "{built:?}");
        arbour::Result::<()>::Ok(())
    };
    build()?;
    bed.store().write(|transaction| {
        building.disable(transaction, "code")?;
        building.enable(transaction, "code")
    })?;
    build()?;
    assert!(round >= 6, "{round} chunks of two builds");
    take(bed.store(), &writing, 100 - 17)?;
    let snapshot = bed.store().snapshot()?;
    assert_eq!(building.duplicates(&snapshot, "code", 1)?, []);
    let count = building.reader(&snapshot).count(&Filter::All)?;
    assert_eq!(count, (CROWD + 2 * (taken + 2)) as u64);
    Ok(())
}
