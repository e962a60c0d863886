//! A short run over Arbour's engines: the long one is `cargo run -p arbour-faults --release`.
#![cfg(all(
    target_os = "linux",
    any(
        feature = "fjall",
        feature = "lmdb",
        feature = "redb",
        feature = "rocksdb",
        feature = "sled",
        feature = "sqlite"
    )
))]

use arbour_faults::engine::Engine;
use arbour_faults::outcome::Outcome;
use arbour_faults::recorder::Meddling;
#[cfg(any(feature = "sled", feature = "sqlite"))]
use arbour_faults::recorder::{Failure, Injection};
#[cfg(any(feature = "sled", feature = "sqlite"))]
use arbour_faults::recording::CallKind;
use arbour_faults::roster::engine;
use arbour_faults::table::{Fault, Table};
#[cfg(any(feature = "sled", feature = "sqlite"))]
use arbour_faults::workload::Life;
use arbour_faults::{Extent, Harness, Share, damage, failing, power};

const EXTENT: Extent =
    Extent { images: 40, damage: 48, calls: Some(1), share: Share::ALL, seed: 15 };

fn table_of(
    name: &str,
    run: impl FnOnce(&mut Harness, &Engine, &mut Table) -> arbour_faults::Result<()>,
) -> Table {
    table_of_seed(name, EXTENT.seed, run)
}

fn table_of_seed(
    name: &str,
    seed: u64,
    run: impl FnOnce(&mut Harness, &Engine, &mut Table) -> arbour_faults::Result<()>,
) -> Table {
    let extent = Extent { seed, ..EXTENT };
    let mut harness = Harness::new(env!("CARGO_BIN_EXE_arbour-faults"), extent).expect("it starts");
    let mut table = Table::default();
    run(&mut harness, &engine(name).expect("it is an engine"), &mut table).expect("it runs");
    println!("{table}");
    table
}

/// Asserts that a fault was injected, and had no outcome but these.
fn expect_only(table: &Table, name: &str, fault: Fault, outcomes: &[Outcome]) {
    assert!(table.total(name, fault) > 0, "{fault} was not made");
    for outcome in Outcome::ALL.iter().filter(|outcome| !outcomes.contains(outcome)) {
        assert_eq!(table.count(name, fault, *outcome), 0, "{name}, {fault}, {outcome}");
    }
}

/// Everything acknowledged is there, and nothing is refused.
fn survives_power_loss(name: &str) {
    let table =
        table_of(name, |harness, engine, table| power::run(harness, engine, Meddling::None, table));
    expect_only(&table, name, Fault::Kill, &[Outcome::Right]);
    expect_only(&table, name, Fault::PowerLoss, &[Outcome::Right]);
}

/// Errors say what failed, and opening the store again as they advise loses nothing.
fn survives_failing_calls(name: &str) {
    let table = table_of(name, failing::run);
    expect_only(&table, name, Fault::FailingCall, &[Outcome::Right, Outcome::Refused]);
}

/// Damage causes no panic, abort or hang, and errors report it as damage. `finds_all` are the
/// faults after which nothing may pass for data.
#[cfg(any(
    feature = "fjall",
    feature = "redb",
    feature = "rocksdb",
    feature = "sled",
    feature = "sqlite"
))]
fn names_damage(name: &str, finds_all: &[Fault]) {
    let table = table_of(name, damage::run);
    let faults = [
        Fault::DamageClosed,
        Fault::DamageClosedVerified,
        Fault::DamageKilled,
        Fault::DamageKilledVerified,
    ];
    for fault in faults {
        let outcomes = [Outcome::Right, Outcome::Refused, Outcome::Lost];
        let allowed = if finds_all.contains(&fault) { 2 } else { 3 };
        expect_only(&table, name, fault, outcomes.split_at(allowed).0);
    }
}

/// SQLite does not report on closing whether it could sync its log, and opens a file for reading
/// that it cannot open for writing: the store says that commits may be lost, and why it cannot
/// write.
#[cfg(feature = "sqlite")]
#[test]
fn sqlite_says_what_sqlite_does_not() {
    let calls = |kind, failure| (0..8).map(move |number| Injection { kind, number, failure });
    let injections = calls(CallKind::Sync, Failure::Io)
        .chain(calls(CallKind::Open, Failure::Io))
        .chain(calls(CallKind::Open, Failure::Full));
    let table = table_of("sqlite", |harness, engine, table| {
        failing::run_chosen(harness, engine, Life::Resume, injections, table)
    });
    assert!(table.total("sqlite", Fault::FailingCall) > 16, "{table}");
    expect_only(&table, "sqlite", Fault::FailingCall, &[Outcome::Right]);
}

/// The log of a store that was killed is written over itself when the store is opened. If the sync of
/// that fails, the log stays where it is: moving it to the file while the connection is closed left
/// half a transaction there after a loss of power, with these seeds.
#[cfg(feature = "sqlite")]
#[test]
fn sqlite_moves_no_log_that_may_have_gaps() {
    for seed in [5, 9, 10, 11] {
        let injection = Injection { kind: CallKind::Sync, number: 1, failure: Failure::Io };
        let table = table_of_seed("sqlite", seed, |harness, engine, table| {
            failing::run_chosen(harness, engine, Life::Resume, [injection], table)
        });
        expect_only(&table, "sqlite", Fault::FailingCall, &[Outcome::Right]);
    }
}

/// sled does not wake every thread that waits for a failing write while others continue. The calls
/// are those of the backup: sled wakes no thread for the last one of a batch there.
#[cfg(feature = "sled")]
#[test]
fn sled_waits_for_no_write_that_failed_late() {
    let injections =
        (74..94).map(|number| Injection { kind: CallKind::Write, number, failure: Failure::Late });
    let table = table_of("sled", |harness, engine, table| {
        failing::run_chosen(harness, engine, Life::Create, injections, table)
    });
    assert!(table.total("sled", Fault::FailingCall) > 10, "{table}");
    expect_only(&table, "sled", Fault::FailingCall, &[Outcome::Right, Outcome::Refused]);
}

macro_rules! engine {
    ($feature:literal, $module:ident, finds_all: $faults:expr) => {
        #[cfg(feature = $feature)]
        mod $module {
            use super::*;

            #[test]
            fn power_loss_and_kills() {
                survives_power_loss($feature);
            }

            #[test]
            fn failing_calls() {
                survives_failing_calls($feature);
            }

            #[test]
            fn damage() {
                names_damage($feature, &$faults);
            }
        }
    };
}

engine!("redb", redb, finds_all: [Fault::DamageClosedVerified]);
engine!("sqlite", sqlite, finds_all: []);
engine!("sled", sled, finds_all: [Fault::DamageClosed, Fault::DamageClosedVerified]);
engine!("fjall", fjall, finds_all: [Fault::DamageClosedVerified]);
engine!("rocksdb", rocksdb, finds_all: []);

/// LMDB trusts its file: what a damaged one does without a verification is not tested.
#[cfg(feature = "lmdb")]
mod lmdb {
    use super::*;

    #[test]
    fn power_loss_and_kills() {
        survives_power_loss("lmdb");
    }

    #[test]
    fn failing_calls() {
        survives_failing_calls("lmdb");
    }

    #[test]
    fn damage_that_is_verified() {
        let table = table_of("lmdb", damage::run);
        for fault in [Fault::DamageClosedVerified, Fault::DamageKilledVerified] {
            let outcomes = [Outcome::Right, Outcome::Refused, Outcome::Lost];
            expect_only(&table, "lmdb", fault, &outcomes);
        }
    }
}
