//! The harness catches stores with planted lies, each by the outcome meant for it.
#![cfg(all(target_os = "linux", feature = "redb"))]

use arbour_faults::outcome::Outcome;
use arbour_faults::recorder::Meddling;
use arbour_faults::roster::engine;
use arbour_faults::table::{Fault, Table};
use arbour_faults::{Extent, Harness, Share, damage, failing, power};

const EXTENT: Extent =
    Extent { images: 60, damage: 24, calls: Some(1), share: Share::ALL, seed: 7 };

fn harness() -> Harness {
    Harness::new(env!("CARGO_BIN_EXE_arbour-faults"), EXTENT).expect("it starts")
}

fn power_losses(name: &str, meddling: Meddling) -> Table {
    let mut table = Table::default();
    power::run(&mut harness(), &engine(name).expect("it is an engine"), meddling, &mut table)
        .expect("it runs");
    println!("{table}");
    table
}

fn failing_calls(name: &str) -> Table {
    let mut table = Table::default();
    failing::run(&mut harness(), &engine(name).expect("it is an engine"), &mut table)
        .expect("it runs");
    println!("{table}");
    table
}

fn damages(name: &str) -> Table {
    let mut table = Table::default();
    damage::run(&mut harness(), &engine(name).expect("it is an engine"), &mut table)
        .expect("it runs");
    println!("{table}");
    table
}

#[test]
fn a_store_without_lies_passes() {
    let table = power_losses("toy", Meddling::None);
    for fault in [Fault::Kill, Fault::PowerLoss] {
        assert_eq!(table.count("toy", fault, Outcome::Right), table.total("toy", fault), "{fault}");
    }
    let table = failing_calls("toy");
    let total = table.total("toy", Fault::FailingCall);
    assert_eq!(table.count("toy", Fault::FailingCall, Outcome::Right), total);
    assert!(total > 10, "only {total} calls failed");
}

#[test]
fn syncing_that_does_nothing_is_caught() {
    let table = power_losses("toy", Meddling::IgnoreSyncs);
    assert!(table.count("toy", Fault::PowerLoss, Outcome::Lost) > 0);
    // A kill loses nothing that was written, synced or not.
    assert_eq!(table.count("toy", Fault::Kill, Outcome::Right), table.total("toy", Fault::Kill));
}

#[test]
fn a_file_synced_without_its_folder_is_caught() {
    let table = power_losses("toy", Meddling::IgnoreFolderSyncs);
    assert!(table.count("toy", Fault::PowerLoss, Outcome::Lost) > 0);
}

#[test]
fn a_checksum_written_before_its_data_is_caught() {
    let table = power_losses("toy-checksum-first", Meddling::None);
    assert!(table.count("toy-checksum-first", Fault::PowerLoss, Outcome::Refused) > 0);
    assert!(table.count("toy-checksum-first", Fault::Kill, Outcome::Refused) > 0);
}

#[test]
fn a_lower_durability_than_said_is_caught() {
    let table = power_losses("redb-lower-durability", Meddling::None);
    assert!(table.count("redb-lower-durability", Fault::PowerLoss, Outcome::Lost) > 0);
    assert!(table.count("redb-lower-durability", Fault::Kill, Outcome::Lost) > 0);
}

/// Simulates redb's store treating what was committed without durability as durable.
#[test]
fn a_sync_and_close_that_skip_their_work_are_caught() {
    let table = power_losses("redb-idle-sync", Meddling::None);
    assert!(table.count("redb-idle-sync", Fault::Kill, Outcome::Lost) > 0);
}

#[test]
fn a_commit_in_two_parts_is_caught() {
    let table = power_losses("redb-split-commit", Meddling::None);
    assert!(table.count("redb-split-commit", Fault::Kill, Outcome::Lost) > 0);
}

#[test]
fn a_failure_that_is_acknowledged_is_caught() {
    let table = failing_calls("redb-swallowed-error");
    assert!(table.count("redb-swallowed-error", Fault::FailingCall, Outcome::Lost) > 0);
}

#[test]
fn an_empty_store_in_place_of_a_refusal_is_caught() {
    let (honest, lying) = (damages("redb"), damages("redb-starts-anew"));
    // The same files are damaged in the same way: one engine refuses what the other loses.
    let lost = |table: &Table, name| table.count(name, Fault::DamageClosed, Outcome::Lost);
    let refused = honest.count("redb", Fault::DamageClosed, Outcome::Refused);
    assert!(refused > 0);
    assert!(lost(&lying, "redb-starts-anew") > lost(&honest, "redb"));
}

#[test]
fn a_panic_and_an_abort_are_told_apart_and_end_nothing() {
    let table = damages("redb-panics");
    assert!(table.count("redb-panics", Fault::DamageClosed, Outcome::Panicked) > 0);
    let table = damages("redb-aborts");
    assert!(table.count("redb-aborts", Fault::DamageClosed, Outcome::Aborted) > 0);
    assert!(table.count("redb-aborts", Fault::DamageClosed, Outcome::Right) > 0);
}
