//! A short run over Arbour's engines: the long one is `cargo run -p arbour-faults --release`.
#![cfg(target_os = "linux")]

use arbour_faults::engine::engine;
use arbour_faults::outcome::Outcome;
use arbour_faults::recorder::Meddling;
use arbour_faults::table::{Fault, Table};
use arbour_faults::{Extent, Harness, damage, failing, power};

const EXTENT: Extent = Extent { images: 50, damage: 60, calls: Some(1), seed: 15 };

type Run =
    fn(&mut Harness, &arbour_faults::engine::Engine, &mut Table) -> arbour_faults::Result<()>;

fn table_of(name: &str, run: Run) -> Table {
    let mut harness = Harness::new(env!("CARGO_BIN_EXE_arbour-faults"), EXTENT).unwrap();
    let mut table = Table::default();
    run(&mut harness, &engine(name).unwrap(), &mut table).unwrap();
    println!("{table}");
    table
}

fn expect_none(table: &Table, name: &str, fault: Fault, outcomes: &[Outcome]) {
    assert!(table.total(name, fault) > 0, "{fault} was not made");
    for outcome in outcomes {
        assert_eq!(table.count(name, fault, *outcome), 0, "{name}, {fault}, {outcome}");
    }
}

/// Everything acknowledged is there, and nothing is refused.
fn survives_power_loss(name: &str) {
    let table =
        table_of(name, |harness, engine, table| power::run(harness, engine, Meddling::None, table));
    let all_but_right = Outcome::ALL.get(1..).unwrap();
    expect_none(&table, name, Fault::Kill, all_but_right);
    expect_none(&table, name, Fault::PowerLoss, all_but_right);
}

/// Errors say what failed, and opening the store again as they advise loses nothing.
fn survives_failing_calls(name: &str) {
    let table = table_of(name, failing::run);
    expect_none(&table, name, Fault::FailingCall, Outcome::ALL.get(2..).unwrap());
}

/// Damage ends in no panic, abort or hang, and errors say that it is damage. `finds_all` are the
/// faults of which nothing may pass for data.
fn names_damage(name: &str, finds_all: &[Fault]) {
    let table = table_of(name, damage::run);
    let faults = [
        Fault::DamageClosed,
        Fault::DamageClosedVerified,
        Fault::DamageKilled,
        Fault::DamageKilledVerified,
    ];
    for fault in faults {
        use Outcome::{Aborted, Hung, Panicked, WrongKind, WronglyRefused};
        expect_none(&table, name, fault, &[WrongKind, WronglyRefused, Panicked, Aborted, Hung]);
    }
    for fault in finds_all {
        expect_none(&table, name, *fault, &[Outcome::Lost]);
    }
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
engine!("rocksdb", rocksdb, finds_all: []);
