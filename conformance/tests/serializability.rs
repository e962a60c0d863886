//! The checker of serializability finds the anomaly of each planted flaw, and none without one.

use std::collections::BTreeMap;

use arbour_conformance::seed;
use arbour_conformance::serializability::{
    AnomalyKind, Element, Flaw, History, Key, List, Observation, Outcome, PlantedDatabase,
    Recorded, check, interleaved, on_threads,
};

/// How many random histories are checked for a flaw before it counts as missed. A phantom is found in
/// half of them, each of the others in all.
const HISTORIES: u64 = 40;

/// How many random histories of the sound database are checked.
const SOUND_HISTORIES: u64 = 8;

fn kinds_found(history: &History) -> Vec<AnomalyKind> {
    check(history).into_iter().map(|anomaly| anomaly.kind).collect()
}

/// Tells whether an anomaly is found in one of the random histories.
fn is_found(flaw: Flaw, kind: AnomalyKind, seed: u64) -> bool {
    (0..HISTORIES).any(|round| {
        let database = PlantedDatabase::new(Some(flaw));
        let history = interleaved(seed.wrapping_add(round), || Ok(database.begin()))
            .expect("a planted database does not fail");
        kinds_found(&history).contains(&kind)
    })
}

#[test]
fn planted_anomalies_are_found() {
    let seed = seed();
    for (flaw, kind) in [
        (Flaw::LostUpdate, AnomalyKind::LostUpdate),
        (Flaw::WriteSkew, AnomalyKind::WriteSkew),
        (Flaw::Phantom, AnomalyKind::Phantom),
        (Flaw::DirtyRead, AnomalyKind::DirtyRead),
        (Flaw::LongFork, AnomalyKind::LongFork),
    ] {
        assert!(is_found(flaw, kind, seed), "{flaw:?} is not found, seed {seed}");
    }
}

#[test]
fn a_sound_database_has_no_anomalies() {
    let seed = seed();
    for round in 0..SOUND_HISTORIES {
        let seed = seed.wrapping_add(round);
        let database = PlantedDatabase::new(None);
        let history =
            interleaved(seed, || Ok(database.begin())).expect("a planted database does not fail");
        assert!(history.conflicts() > 0, "no transactions met, seed {seed}");
        assert!(check(&history).is_empty(), "{:?}, seed {seed}", check(&history));
        let database = PlantedDatabase::new(None);
        let history =
            on_threads(seed, || Ok(database.begin())).expect("a planted database does not fail");
        assert!(check(&history).is_empty(), "{:?}, seed {seed}", check(&history));
    }
}

#[test]
fn a_seed_repeats_an_interleaved_history() {
    let history = |seed| {
        let database = PlantedDatabase::new(None);
        format!("{:?}", interleaved(seed, || Ok(database.begin())).unwrap())
    };
    assert_eq!(history(7), history(7));
    assert_ne!(history(7), history(8));
}

fn transaction(reads: &[(Key, &[Element])], appends: &[(Key, Element)]) -> Recorded {
    let observed = reads.iter().map(|(key, list)| Observation {
        key: *key,
        list: list.to_vec(),
        by_scan: false,
    });
    let appended = appends.iter().copied().collect();
    Recorded { observed: observed.collect(), appended, outcome: Outcome::Committed }
}

fn history(transactions: Vec<Recorded>, left: &[(Key, &[Element])]) -> History {
    let left: BTreeMap<Key, List> = left.iter().map(|(key, list)| (*key, list.to_vec())).collect();
    History { transactions, left }
}

fn assert_named(cases: Vec<(Vec<AnomalyKind>, History)>) {
    for (expected, history) in cases {
        let found = kinds_found(&history);
        // What is wrong may have further consequences.
        assert_eq!(expected.is_empty(), found.is_empty(), "{found:?} in {history:?}");
        assert!(expected.iter().all(|kind| found.contains(kind)), "{found:?} in {history:?}");
    }
}

#[test]
fn hand_made_histories_are_named() {
    use AnomalyKind::{LostUpdate, ReadSkew, WriteSkew};
    let cases = [
        (vec![], history(vec![transaction(&[], &[(1, 10)])], &[(1, &[10])])),
        // The second did not see the first, and overwrote it.
        (
            vec![LostUpdate],
            history(
                vec![transaction(&[(1, &[])], &[(1, 10)]), transaction(&[(1, &[])], &[(1, 11)])],
                &[(1, &[11])],
            ),
        ),
        // Each read what the other one then wrote.
        (
            vec![WriteSkew],
            history(
                vec![transaction(&[(1, &[])], &[(2, 20)]), transaction(&[(2, &[])], &[(1, 10)])],
                &[(1, &[10]), (2, &[20])],
            ),
        ),
        // The reader saw one of two writes of a transaction.
        (
            vec![ReadSkew],
            history(
                vec![
                    transaction(&[], &[(1, 10), (2, 20)]),
                    transaction(&[(1, &[10]), (2, &[])], &[]),
                ],
                &[(1, &[10]), (2, &[20])],
            ),
        ),
    ];
    assert_named(cases.into());
}

#[test]
fn hand_made_circles_are_named() {
    use AnomalyKind::{CircularFlow, DirtyWrite, Fork, LongFork};
    let cases = [
        // Two readers saw two writes in opposite orders.
        (
            vec![LongFork],
            history(
                vec![
                    transaction(&[], &[(1, 10)]),
                    transaction(&[], &[(2, 20)]),
                    transaction(&[(1, &[10]), (2, &[])], &[]),
                    transaction(&[(1, &[]), (2, &[20])], &[]),
                ],
                &[(1, &[10]), (2, &[20])],
            ),
        ),
        // Each saw what the other one wrote.
        (
            vec![CircularFlow],
            history(
                vec![
                    transaction(&[(2, &[20])], &[(1, 10)]),
                    transaction(&[(1, &[10])], &[(2, 20)]),
                ],
                &[(1, &[10]), (2, &[20])],
            ),
        ),
        // Each overwrote the other one.
        (
            vec![DirtyWrite],
            history(
                vec![transaction(&[], &[(1, 10), (2, 20)]), transaction(&[], &[(1, 11), (2, 21)])],
                &[(1, &[10, 11]), (2, &[21, 20])],
            ),
        ),
        // A reader saw a version that no later one contains.
        (
            vec![Fork],
            history(
                vec![
                    transaction(&[], &[(1, 10)]),
                    transaction(&[], &[(1, 11)]),
                    transaction(&[(1, &[11])], &[]),
                ],
                &[(1, &[10, 11])],
            ),
        ),
    ];
    assert_named(cases.into());
}

#[test]
fn what_was_rolled_back_counts_for_nothing() {
    let mut writer = transaction(&[], &[(1, 10)]);
    writer.outcome = Outcome::RolledBack;
    let reader = transaction(&[(1, &[10])], &[]);
    let read = history(vec![writer.clone(), reader], &[(1, &[])]);
    assert_eq!(kinds_found(&read), [AnomalyKind::DirtyRead]);
    let kept = history(vec![writer.clone()], &[(1, &[10])]);
    assert_eq!(kinds_found(&kept), [AnomalyKind::RolledBackWrite]);
    assert_eq!(kinds_found(&history(vec![writer], &[(1, &[])])), []);

    let mut unknown = transaction(&[], &[(1, 10)]);
    unknown.outcome = Outcome::Unknown;
    for left in [&[][..], &[10]] {
        assert_eq!(kinds_found(&history(vec![unknown.clone()], &[(1, left)])), []);
    }
}

#[test]
fn a_missed_own_write_is_found() {
    let one = transaction(&[(1, &[]), (1, &[10]), (1, &[])], &[(1, 10)]);
    let found = kinds_found(&history(vec![one], &[(1, &[10])]));
    assert_eq!(found, [AnomalyKind::OwnWriteMissed]);
}
