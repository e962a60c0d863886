//! What happens to an event, in which order, and that it happens as a whole.

use arbour::Result;
use arbour::documents::layout::documents_tree;
use arbour::events::layout::{result_tree, view_name};
use arbour::events::{Outcome, Phase};
use arbour_core::KvStore;
use serde_json::json;

use super::claims::{applied, balances, dispatch, folded, member};
use crate::Factory;
use crate::events::EventBed;
use crate::events::ledger::{cents, event};

/// A view is the fold of the log, and stays so when it is opened again.
pub(super) fn view_is_fold<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    for (number, stream) in (0..20).zip(["a", "b", "c"].into_iter().cycle()) {
        let result = applied(&events, cents(stream, number)?)?;
        assert_eq!(result.get("part"), Some(&json!(0)));
    }
    assert_eq!(applied(&events, cents("a", 1)?)?.get("cents"), Some(&json!(64)));
    drop(events);
    bed.settle()?;
    let events = bed.open()?;
    assert_eq!(events.catch_up("bank")?, 21);
    let log = folded(&bed.log()?, &bed.log_store().snapshot()?)?;
    assert_eq!(balances(&**bed.views(), "bank", 1)?, log);
    assert_eq!(applied(&events, cents("c", 1)?)?.get("cents"), Some(&json!(58)));
    let status = events.status()?;
    let bank = status.first().expect("there is one projection");
    assert_eq!((bank.applied, bank.lag, bank.is_active(), bank.is_halted), (22, 0, true, false));
    Ok(())
}

/// Case 33. The phases come in order; reducers see the view as it was before the event, derivers
/// see the changes of all models, and sub-events see what came before them.
pub(super) fn phases_in_order<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    applied(&events, cents("a", 5)?)?;
    bed.scene.calls();
    let parent = json!({
        "cents": 10,
        "emit": [["b", {"cents": 100, "emit": [["c", {"cents": 1000}]]}], ["d", {"cents": 10_000}]],
        "turn": [["e", {"cents": 100_000}]],
    });
    applied(&events, event("a", parent)?)?;
    let expected = [
        "preprocess 2/0 a",
        "reduce 2/0 a",
        "derive 2/0 a",
        "preprocess 2/1 b",
        "reduce 2/1 b",
        "derive 2/1 b",
        "preprocess 2/2 c",
        "reduce 2/2 c",
        "derive 2/2 c",
        "transact 2/2 c",
        "transact 2/1 b",
        "preprocess 2/3 d",
        "reduce 2/3 d",
        "derive 2/3 d",
        "transact 2/3 d",
        "preprocess 2/4 e",
        "reduce 2/4 e",
        "derive 2/4 e",
        "transact 2/4 e",
        "transact 2/0 a",
    ];
    assert_eq!(bed.scene.calls(), expected);
    drop(events);
    bed.settle()?;
    let views = &**bed.views();
    for (account, before, after) in [
        ("a", json!([0, 5]), json!([5, 15])),
        ("b", json!([15]), json!([115])),
        ("c", json!([115]), json!([1115])),
        ("d", json!([1115]), json!([11_115])),
        ("e", json!([11_115]), json!([111_115])),
    ] {
        assert_eq!(member(views, account, "before")?, before, "{account}");
        assert_eq!(member(views, account, "after")?, after, "{account}");
    }
    assert_eq!(member(views, "a", "seen")?, json!([[100_000, 111_115]]));
    Ok(())
}

/// Case 32. Sub-events are applied depth first, at the position of their event, are reported with
/// it, and are emitted again when it is applied again.
pub(super) fn sub_events_depth_first<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    let parent = json!({
        "cents": 1,
        "emit in reduce": [["b", {"cents": 2, "emit": [["c", {"cents": 3}]]}]],
        "emit": [["d", {"cents": 4}]],
    });
    let outcome = dispatch(&events, event("a", parent)?)?;
    assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
    if let Outcome::Applied { sub_events, .. } = &outcome {
        let streams: Vec<&str> = sub_events.iter().map(|part| part.stream.as_str()).collect();
        assert_eq!(streams, ["b", "c", "d"]);
        let payload = sub_events.last().map(|part| part.payload.clone());
        assert_eq!(payload, Some(json!({"cents": 4})));
    }
    assert_eq!(events.head()?.position, 1, "a sub-event has no position of its own");
    drop(events);
    bed.settle()?;
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 1 1, b 2 1, c 3 1, d 4 1");
    let again = bed.builder().projection(bed.ledger("again", 1)?).build()?;
    again.catch_up("again")?;
    assert_eq!(again.digest("again", 1)?, again.digest("bank", 1)?);
    Ok(())
}

/// Case 32. An endless chain of sub-events fails the whole event.
pub(super) fn endless_sub_events_fail<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open_with(|bank| bank.sub_events(5, 8))?;
    applied(&events, cents("a", 1)?)?;
    let many: Vec<_> = (0..9).map(|_| json!(["b", {"cents": 1}])).collect();
    for (payload, stream) in [
        (json!({"cents": 1, "endless": true}), "deep"),
        (json!({"cents": 1, "emit": many}), "wide"),
        (json!({"cents": 1, "turn": [["x", {"endless": true}]]}), "turn"),
    ] {
        let outcome = dispatch(&events, event(stream, payload)?)?;
        assert!(matches!(outcome, Outcome::Halted { .. }), "{outcome:?}");
        let dead = events.dead_letters("bank")?;
        let phase = dead.last().and_then(|dead| dead.phase);
        let expected = if stream == "turn" { Phase::Transact } else { Phase::SubEvents };
        assert_eq!(phase, Some(expected));
        assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 1 1");
        events.skip("bank")?;
    }
    // As many and as deep as allowed.
    let eight: Vec<_> = (0..8).map(|_| json!(["b", {"cents": 1}])).collect();
    applied(&events, event("a", json!({"cents": 1, "emit": eight}))?)?;
    let mut chain = json!({"cents": 1});
    for _ in 0..5 {
        chain = json!({"cents": 1, "emit": [["c", chain]]});
    }
    applied(&events, event("a", chain)?)?;
    drop(events);
    bed.settle()?;
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 3 3, b 8 8, c 5 5");
    Ok(())
}

/// A failing event leaves nothing, whatever the phase and the depth.
pub(super) fn failed_event_leaves_nothing<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    applied(&events, cents("a", 1)?)?;
    let views = bed.views();
    let names = [
        documents_tree(&view_name("bank", 1, "accounts")),
        result_tree("bank", 1),
        arbour::documents::layout::index_tree(&view_name("bank", 1, "accounts"), "cents"),
    ];
    let stored = || -> Result<Vec<_>> {
        let trees = names.iter().map(|name| {
            let tree = bed.layer_tree(name)?;
            let range = arbour_core::KeyRange::all();
            let snapshot = views.snapshot()?;
            let cursor = arbour_core::KvRead::scan(
                &snapshot,
                &tree,
                range,
                arbour_core::Direction::Forward,
            )?;
            crate::entries(cursor)
        });
        trees.collect()
    };
    let before = stored()?;
    for phase in ["preprocess", "reduce", "apply", "derive", "transact"] {
        for what in ["fail", "panic"] {
            if (phase, what) == ("apply", "panic") {
                continue; // The model has no such place.
            }
            let failing = json!({"cents": 7, what: phase});
            let nested = json!({"cents": 5, "emit": [["b", {"cents": 1}], ["c", failing.clone()]]});
            for payload in [failing, nested] {
                let outcome = dispatch(&events, event("a", payload.clone())?)?;
                assert!(matches!(outcome, Outcome::Halted { .. }), "{payload}: {outcome:?}");
                assert!(stored()? == before, "{payload} left something");
                events.skip("bank")?;
            }
        }
    }
    drop(events);
    bed.settle()?;
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 1 1");
    Ok(())
}

/// The payload that `preprocess` returns is applied, and the log keeps the original event.
pub(super) fn preprocess_replaces<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    applied(&events, event("a", json!({"cents": 1, "instead": {"cents": 50}}))?)?;
    drop(events);
    bed.settle()?;
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 50 1");
    assert_eq!(super::claims::whole(bed)?, "1 a/1 1");
    Ok(())
}

/// Section 3 of strato-db's review: generated values, ids and times, are the same when events are
/// applied again.
pub(super) fn replay_makes_same_bytes<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    for _ in 0..3 {
        applied(
            &events,
            event("a", json!({"cents": 1, "fresh": true, "emit": [["b", {"fresh": true}]]}))?,
        )?;
    }
    let ids = events.digest("bank", 1)?;
    drop(events);
    bed.settle()?;
    assert_eq!(balances(&**bed.views(), "bank", 1)?.matches(" 0 null").count(), 6, "six new ids");
    let again = bed.ledger("again", 1)?.behind();
    let again = bed.builder().projection(again).build()?;
    assert_ne!(again.digest("again", 1)?, ids, "nothing was applied yet");
    again.catch_up("again")?;
    assert_eq!(again.digest("again", 1)?, ids);
    Ok(())
}
