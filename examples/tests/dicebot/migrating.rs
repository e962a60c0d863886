//! D12: the data of any version of the bot is migrated to the newest, whatever happens on the way.
//!
//! The fixtures hold the original bytes. Version 5 contains what its own step 5 forgot to remove,
//! and one of version 4 is the result of a later edition of step 4, at which its own step 5 then
//! failed.

use std::ops::ControlFlow;

use arbour::migrations::{Group, MigrationError, Migrations, Run, Step, StepId, Target};
use arbour::{DynStore, ErrorKind, KvStore as _};
use arbour_conformance::migration_fixture::{MigrationFixture, Pinned};

use crate::bed::{ADA, Bed};
use crate::by_url::ByUrl;
use crate::database::{Database, Error, LIMIT_DEFAULT, RoomInfo, Scope, migrations};
use crate::engines::on_every_engine;

on_every_engine!(
    every_version_reaches_the_newest_whatever_breaks,
    every_version_of_the_sled_program_is_opened,
    the_versions_between_are_those_of_the_sled_program,
    what_cannot_be_read_is_kept_and_reported,
    a_version_the_sled_program_never_had_is_refused,
    a_store_of_a_newer_program_is_refused,
    a_step_that_is_not_there_is_refused,
    a_key_that_a_step_cannot_read_is_named_and_nothing_kept,
    a_set_that_claims_to_be_huge_is_named_and_nothing_kept,
    a_plan_changes_nothing,
);

/// A version: its name, the steps it had run, its data and the expected result.
struct Version {
    name: &'static str,
    done: u64,
    stored: &'static str,
    end: &'static str,
}

macro_rules! version {
    ($name:literal, $done:literal, $end:literal) => {
        Version {
            name: $name,
            done: $done,
            stored: include_str!(concat!("fixtures/", $name, ".txt")),
            end: include_str!(concat!("fixtures/", $end, ".txt")),
        }
    };
}

const VERSIONS: [Version; 7] = [
    version!("v0", 0, "v8-of-v0"),
    version!("v1", 1, "v8-of-v0"),
    version!("v2", 2, "v8-of-v2"),
    version!("v3", 3, "v8-of-v2"),
    version!("v4", 4, "v8"),
    version!("v4-edited", 4, "v8"),
    version!("v5", 5, "v8"),
];

impl Version {
    fn named(name: &str) -> &'static Self {
        VERSIONS.iter().find(|version| version.name == name).unwrap()
    }

    fn fill(&self, store: &DynStore) {
        Pinned::parse(self.stored).unwrap().fill(store).unwrap();
    }

    fn end(&self) -> String {
        Pinned::parse(self.end).unwrap().to_string()
    }
}

/// Returns the contents of a store, except the journal.
fn held(store: &DynStore) -> String {
    Pinned::of(store).unwrap().to_string()
}

/// The engine of a bed.
fn engine(bed: &Bed) -> ByUrl {
    ByUrl(bed.url().split(':').next().unwrap().to_owned())
}

fn fixture() -> MigrationFixture {
    VERSIONS.iter().fold(MigrationFixture::new(migrations::declared), |fixture, version| {
        let at = match version.done {
            0 => Target::Nothing,
            done => Target::number(done),
        };
        fixture
            .version(version.name, at, Pinned::parse(version.stored).unwrap())
            .reaches(version.name, Pinned::parse(version.end).unwrap())
    })
}

/// At once, step by step, chunk by chunk, and interrupted before and after each operation of the
/// store.
fn every_version_reaches_the_newest_whatever_breaks(bed: &Bed) {
    fixture().check(&engine(bed)).unwrap();
}

fn every_version_of_the_sled_program_is_opened(bed: &Bed) {
    for version in &VERSIONS {
        let store = bed.open_empty();
        version.fill(&store);
        let database = Database::open(store.clone(), LIMIT_DEFAULT).unwrap();
        assert_eq!(held(&store), version.end(), "{}", version.name);

        let variables = &database.variables;
        assert_eq!(variables.get(ADA, "str").unwrap(), 5, "{}", version.name);
        assert_eq!(variables.count(ADA).unwrap(), 3, "{}", version.name);
        let luck = Scope { room: "!r2:x", ..ADA };
        assert_eq!(variables.list(luck).unwrap(), [("luck".to_owned(), i32::MAX)]);
        assert!(variables.verify().unwrap().findings.is_empty(), "{}", version.name);
        if version.done >= 4 {
            let rooms = &database.rooms;
            let lobby = RoomInfo { room_id: "!r:x".to_owned(), room_name: "Lobby".to_owned() };
            assert_eq!(rooms.info("!r:x").unwrap(), Some(lobby));
            assert_eq!(rooms.users("!r:x").unwrap(), ["@a:x", "@ab:x"]);
            assert_eq!(rooms.rooms_of("@a:x").unwrap(), ["!r2:x", "!r:x"]);
            let processed = rooms.processed("!r:x").unwrap();
            assert_eq!(
                processed,
                [(0xff, "$1".to_owned()), (0xff, "$3".to_owned()), (0xfeff, "$2".to_owned())]
            );
            assert!(!rooms.should_process("!r:x", "$1").unwrap());
            assert_eq!(database.state.device_id().unwrap().as_deref(), Some("ABCD"));
        }
        // The bot continues, and its later changes are not undone when it starts again.
        variables.delete(ADA, "str").unwrap();
        let database = Database::open(store, LIMIT_DEFAULT).unwrap();
        assert_eq!(database.variables.count(ADA).unwrap(), 2, "{}", version.name);
    }
}

/// The rows of variables and counts, without the leftovers of the sled program among them.
fn rows(stored: &str, version: u64) -> Vec<&str> {
    let is_row = |line: &&str| match version {
        5 => line.starts_with("variables\t@") || line.starts_with("room_user_variable_count\t"),
        _ => line.starts_with("variables\t") && !line.starts_with("variables\tmetadata"),
    };
    stored.lines().filter(is_row).collect()
}

fn the_versions_between_are_those_of_the_sled_program(bed: &Bed) {
    let store = bed.open_empty();
    Version::named("v0").fill(&store);
    for version in ["v1", "v2", "v3", "v4", "v5"].map(Version::named) {
        migrations::declared().run_to(&store, Target::number(version.done)).unwrap();
        let reached = held(&store);
        let (found, expected) = (rows(&reached, version.done), rows(version.stored, version.done));
        assert!(!expected.is_empty());
        assert_eq!(found, expected, "{}", version.name);
    }
}

fn what_cannot_be_read_is_kept_and_reported(bed: &Bed) {
    let store = bed.open_empty();
    Version::named("v0").fill(&store);
    // A user's variable has the name that the rows of step 1 have.
    let own = b"variables\xff!r:x\xff@a:x\xffvariable_count";
    store.put(&store.tree("variables").unwrap(), own, &[8, 0, 0, 0]).unwrap();
    let database = Database::open(store, LIMIT_DEFAULT).unwrap();
    let unreadable = database.migrations.unreadable().unwrap();
    let unreadable: Vec<_> =
        unreadable.iter().map(|entry| (entry.key.as_slice(), entry.value.as_slice())).collect();
    assert_eq!(
        unreadable,
        [(&b"!r:x@old:xstr"[..], &[9, 0, 0, 0][..]), (&own[..], &[8, 0, 0, 0][..])]
    );
}

/// Asserts that opening is refused and that the store is unchanged.
#[track_caller]
fn refused(store: &DynStore) -> Error {
    let before = held(store);
    let refused = Database::open(store.clone(), LIMIT_DEFAULT).unwrap_err();
    assert_eq!(held(store), before, "{refused}");
    refused
}

fn refused_by_arbour(store: &DynStore) -> arbour::Error {
    match refused(store) {
        Error::Store(error) => error,
        other => panic!("{other}"),
    }
}

fn a_version_the_sled_program_never_had_is_refused(bed: &Bed) {
    let store = bed.open_empty();
    Version::named("v5").fill(&store);
    let versions = store.tree("migrations").unwrap();
    store.put(&versions, b"metadata:migration_version", &6_u32.to_le_bytes()).unwrap();
    let error = refused(&store);
    assert!(matches!(error, Error::CannotDowngrade { stored: 6, known: 5 }), "{error}");

    store.put(&versions, b"metadata:migration_version", &[5, 0, 0]).unwrap();
    let Error::Store(error) = refused(&store) else { panic!("it was read") };
    assert_eq!((error.kind(), error.tree()), (ErrorKind::Decode, Some("migrations")));
    assert_eq!(error.key(), Some("metadata:migration_version"));
}

fn a_store_of_a_newer_program_is_refused(bed: &Bed) {
    let store = bed.open_empty();
    Version::named("v5").fill(&store);
    Database::open(store.clone(), LIMIT_DEFAULT).unwrap();
    let newer = Group::new("variables and rooms")
        .step(Step::numbered(9).atomic(|trees| Ok(trees.put("dice", b"sides", b"20")?)));
    Migrations::new("dicebot", "9").allow_missing().group(newer).run(&store).unwrap();
    let error = refused_by_arbour(&store);
    assert_eq!(error.kind(), ErrorKind::TooNew, "{error}");
}

fn a_step_that_is_not_there_is_refused(bed: &Bed) {
    let store = bed.open_empty();
    Version::named("v3").fill(&store);
    let before = held(&store);
    let run = Run::default().to(Target::number(9));
    let error = migrations::migrate(&store, &run, &mut |_| ControlFlow::Continue(())).unwrap_err();
    let Error::Store(error) = error else { panic!("{error}") };
    let Some(MigrationError::NotFound { step, .. }) = error.downcast_ref() else {
        panic!("{error}")
    };
    assert_eq!(*step, StepId::Number(9));
    assert_eq!(held(&store), before);
}

fn a_key_that_a_step_cannot_read_is_named_and_nothing_kept(bed: &Bed) {
    let store = bed.open_empty();
    Version::named("v3").fill(&store);
    let variables = store.tree("variables").unwrap();
    store.put(&variables, b"variables\xff!zzz:x\xffstr", &[0; 4]).unwrap();
    let error = refused_by_arbour(&store);
    let place = error.downcast_ref().and_then(MigrationError::place).unwrap();
    assert_eq!((&place.step, place.tree.as_deref()), (&StepId::Number(4), Some("variables")));
    assert_eq!(place.key.as_deref(), Some(r"variables\xff!zzz:x\xffstr"));

    store.delete(&variables, b"variables\xff!zzz:x\xffstr").unwrap();
    Database::open(store.clone(), LIMIT_DEFAULT).unwrap();
    assert_eq!(held(&store), Version::named("v3").end());
}

/// D11: a damaged length is an error, and does not end the process for lack of memory.
fn a_set_that_claims_to_be_huge_is_named_and_nothing_kept(bed: &Bed) {
    for damaged in [&[0xff_u8; 8][..], &[1, 0, 0, 0, 0, 0, 0, 0, 9, 0], b"\x01"] {
        let store = bed.open_empty();
        Version::named("v5").fill(&store);
        store.put(&store.tree("roomid_usernames").unwrap(), b"!r:x", damaged).unwrap();
        let run = Run::default().to(Target::number(6));
        migrations::migrate(&store, &run, &mut |_| ControlFlow::Continue(())).unwrap();
        let error = refused_by_arbour(&store);
        let place = error.downcast_ref().and_then(MigrationError::place).unwrap();
        assert_eq!((&place.step, place.key.as_deref()), (&StepId::Number(7), Some("!r:x")));
        store.close().unwrap();
    }
}

fn a_plan_changes_nothing(bed: &Bed) {
    for version in &VERSIONS {
        let store = bed.open_empty();
        version.fill(&store);
        let before = held(&store);
        let dry = migrations::dry_run(&store).unwrap();
        assert_eq!(held(&store), before, "{}", version.name);
        assert_eq!(dry.steps.len() as u64, 8 - version.done, "{}", version.name);
        let moved = dry.changes.iter().find(|tree| tree.tree == "room_user_variables").unwrap();
        assert_eq!(moved.added.count, 5, "{}", version.name);
        Database::open(store.clone(), LIMIT_DEFAULT).unwrap();
        assert!(migrations::dry_run(&store).unwrap().steps.is_empty(), "{}", version.name);
    }
}

/// The journal is committed with the changes of a step, so no step runs twice over the same data.
/// The sled program kept its version in a transaction of its own and required idempotent steps, and
/// three were not.
#[test]
fn steps_that_would_not_bear_running_twice_are_known() {
    let found = fixture().not_idempotent(&arbour_conformance::MemoryFactory).unwrap();
    let steps: Vec<StepId> = found.into_iter().map(|(_, step)| step).collect();
    assert_eq!(steps, [1, 7].map(StepId::Number));
}
