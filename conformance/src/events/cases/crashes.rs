//! A crash at every single step.

use std::sync::Arc;

use arbour::Result;
use arbour::documents::Collection;
use arbour::events::{Append, Dispatch, Events, FailurePolicy, Log, Outcome, Projection};
use arbour_core::engine::TreeName;
use arbour_core::{Durability, KeyRange, KvRead as _, KvStore, KvWrite as _};
use serde_json::json;

use crate::Factory;
use crate::breaking::{Break, Breaking};
use crate::events::EventBed;
use crate::events::bed::LOG;
use crate::events::ledger::{Ledger, accounts, cents, event};

/// Empties a store for the next run. Making new trees would take most of the time.
fn clear<S: KvStore>(store: &Arc<S>) -> Result<()> {
    let names = store.snapshot()?.trees()?;
    store.write_with(Durability::None, |transaction| {
        names.iter().try_for_each(|name| {
            let tree = store.open_tree(TreeName::stored(name)?)?;
            transaction.delete_range(&tree, KeyRange::all())
        })
    })
}

/// Makes a projection whose view is in a store.
fn projection<S: KvStore>(
    bed_store: &S,
    name: &str,
    scene: &Arc<crate::events::ledger::Scene>,
) -> Result<Projection> {
    let projection = Projection::new(name, 1);
    let declaration = accounts(&projection.view("accounts"));
    let own = Collection::open(bed_store, declaration)?;
    let policy = FailurePolicy::dead_letter();
    Ok(projection.model(Ledger::new(own, Arc::clone(scene))).on_failure(policy))
}

/// What was reported to a run before it ended.
#[derive(Default)]
struct Told {
    /// The newest position that was acknowledged.
    appended: u64,
    /// The newest position that was reported as applied or dead-lettered.
    dealt_with: u64,
    /// The newest position that may be there, because its outcome was not reported.
    tried: u64,
}

/// Dispatches events until a step breaks.
fn run(events: &Events, told: &mut Told) -> Result<()> {
    let quick = Dispatch::default().durability(Durability::None);
    let nested = json!({"cents": 5, "emit": [["b", {"cents": 6, "emit": [["c", {"cents": 7}]]}]]});
    let appends = [
        Append::from(cents("a", 1)?),
        Append::new().event(cents("a", 2)?).event(cents("b", 3)?).key("transfer"),
        event("a", nested)?.into(),
        event("b", json!({"cents": 8, "emit": [["c", {"fail": "derive"}]]}))?.into(),
        Append::from(cents("c", 9)?),
    ];
    for append in appends {
        told.tried = told.appended + append.events.len() as u64;
        let dispatched = events.dispatch_with(append, quick)?;
        told.appended = dispatched.appended.last;
        let outcomes = dispatched.projected.values().flatten();
        let is_dealt_with = |outcome: &Outcome| {
            matches!(outcome, Outcome::Applied { .. } | Outcome::DeadLettered { .. })
        };
        if !outcomes.clone().all(is_dealt_with) {
            break;
        }
        told.dealt_with = told.appended;
    }
    Ok(())
}

/// Case 29. Whichever step of whichever commit breaks: acknowledged events are there, nothing is
/// there in part, and the view is the fold of the log, with each event once.
pub(super) fn view_is_fold_after_each_step<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    for breaks in [Break::Before, Break::After] {
        let mut steps = 1;
        loop {
            let (is_broken, told) = run_and_break(bed, breaks, steps)?;
            check(bed, &told, &format!("{breaks:?} step {steps}"))?;
            clear(bed.views())?;
            clear(bed.log_store())?;
            if !is_broken {
                assert!(steps > 20, "only {steps} steps were broken at");
                assert_eq!((told.appended, told.dealt_with), (6, 6));
                break;
            }
            steps += 1;
        }
    }
    Ok(())
}

fn run_and_break<F: Factory>(bed: &EventBed<F>, breaks: Break, steps: u64) -> Result<(bool, Told)> {
    let mut told = Told::default();
    let views = Arc::new(Breaking::new(Arc::clone(bed.views()), breaks, steps));
    let own = projection(&**bed.views(), "bank", &bed.scene)?;
    let builder =
        Events::builder(Arc::clone(&views), LOG).view_durability(Durability::None).projection(own);
    if bed.is_apart() {
        let logs = Arc::new(Breaking::new(Arc::clone(bed.log_store()), breaks, steps));
        // Each of the stores breaks at its own step, so that all orders of their commits occur.
        let events = builder.log_in(Arc::clone(&logs)).build();
        let ended = events.and_then(|events| run(&events, &mut told));
        let is_broken = views.is_broken() || logs.is_broken();
        assert!(is_broken || ended.is_ok(), "{ended:?} without a break");
        return Ok((is_broken, told));
    }
    let ended = builder.build().and_then(|events| run(&events, &mut told));
    assert!(views.is_broken() || ended.is_ok(), "{ended:?} without a break");
    Ok((views.is_broken(), told))
}

fn check<F: Factory>(bed: &EventBed<F>, told: &Told, when: &str) -> Result<()> {
    let log = Log::open(&**bed.log_store(), LOG)?;
    let snapshot = bed.log_store().snapshot()?;
    let newest = log.head(&snapshot)?.position;
    assert!(
        newest == told.appended || newest == told.tried,
        "{when}: {} was acknowledged, {} begun, and {newest} is there",
        told.appended,
        told.tried
    );
    assert_eq!(log.verify(&snapshot, 0)?, newest, "{when}");
    drop(snapshot);
    let open = |projection: Projection| {
        let builder = Events::builder(Arc::clone(bed.views()), LOG)
            .view_durability(Durability::None)
            .projection(projection);
        if bed.is_apart() {
            builder.log_in(Arc::clone(bed.log_store())).build()
        } else {
            builder.build()
        }
    };
    let events = open(projection(&**bed.views(), "bank", &bed.scene)?)?;
    let applied = events.status()?.first().map_or(0, |status| status.applied);
    assert!(
        (told.dealt_with..=newest).contains(&applied),
        "{when}: {} was said to be dealt with, and {applied} of {newest} was",
        told.dealt_with
    );
    assert_eq!(events.catch_up("bank")?, newest, "{when}");
    let letters = events.dead_letters("bank")?;
    let dead: Vec<u64> = letters.iter().map(|dead| dead.position).collect();
    assert_eq!(dead, if newest >= 5 { vec![5] } else { vec![] }, "{when}");
    let other = open(projection(&**bed.views(), "again", &bed.scene)?)?;
    other.catch_up("again")?;
    let (is, should) = (other.digest("bank", 1)?, other.digest("again", 1)?);
    assert!(is == should, "{when}: the view is not the fold of the {newest} events");
    Ok(())
}
