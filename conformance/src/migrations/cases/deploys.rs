//! A deploy that changes documents by a step: two versions of a program work while each call of it is
//! made, and killed at each of its commits.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use arbour::documents::{Collection, Declaration, DocError, Field, Filter, Index};
use arbour::migrations::{Group, Migrations, Run, Step, Target};
use arbour::{Progress, Result};
use arbour_core::{Durability, ErrorKind, KvRead, KvStore};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::claims::{ran, traced};
use crate::Factory;
use crate::deploy::{Killed, Work, beside, step_killed_at_each_commit};
use crate::migrations::MigrationBed;
use crate::random::{Random, seed};

/// Enough users for several chunks.
const CROWD: u64 = 60;
const CHUNK: u64 = 7;

/// A migration is interrupted after this many users, and then taken back.
const INTERRUPTED: u64 = 30;

type Users = BTreeMap<String, Value>;

/// Declares a version of the program.
fn program(version: &str, steps: impl IntoIterator<Item = Step>) -> Migrations {
    let users = steps.into_iter().fold(Group::new("users"), Group::step);
    Migrations::new("app", version).chunk_entries(CHUNK).group(users)
}

/// The version before the deploy. Its users have no name.
fn earlier() -> Migrations {
    program("1.0", [traced(1)])
}

/// Adds names, which the earlier version does not look at.
fn names_users() -> Step {
    Step::numbered(2)
        .each_document("users", |_, user: &mut Value| {
            user["name"] = name(user);
            Ok(())
        })
        .undo_each_document(|_, user: &mut Value| {
            user.as_object_mut().map(|user| user.remove("name"));
            Ok(())
        })
        .compatible()
}

fn later() -> Migrations {
    program("2.0", [traced(1), names_users()])
}

/// Adds a step that the earlier version must not work beside.
fn newest() -> Migrations {
    let last = Step::numbered(3).atomic(|_| Ok(())).down(|_| Ok(()));
    program("3.0", [traced(1), names_users(), last])
}

fn declaration() -> Declaration<Value> {
    Declaration::new("users")
        .field(Field::path("name"))
        .field(Field::path("first"))
        .field(Field::path("mail"))
        .index(Index::on("name"))
        .index(Index::on("first"))
        .index(Index::on("mail").unique())
}

fn name(user: &Value) -> Value {
    format!("{} Lovelace", user["first"].as_str().unwrap_or_default()).into()
}

fn user(number: u64, random: &mut Random) -> Value {
    let first = format!("Ada{}", random.below(8));
    json!({"id": format!("{number:03}"), "first": first, "mail": format!("{number}@example.org")})
}

/// The users of a case: each version of the program writes a third of them.
struct Crowd {
    shares: [Mutex<Users>; 2],
    unwritten: Users,
    random: Mutex<Random>,
}

impl Crowd {
    fn store<S: KvStore>(store: &S) -> Result<Self> {
        let seed = seed();
        println!("ARBOUR_SEED={seed}");
        let mut random = Random::new(seed);
        let users = Collection::open(store, declaration())?;
        let mut thirds = [Users::new(), Users::new(), Users::new()];
        store.write_with(Durability::None, |transaction| {
            for number in 0..CROWD {
                let user = user(number, &mut random);
                thirds[number as usize % 3].insert(id_of(&user), user.clone());
                users.insert(transaction, user)?;
            }
            Ok(())
        })?;
        let [of_earlier, of_later, unwritten] = thirds;
        let shares = [Mutex::new(of_earlier), Mutex::new(of_later)];
        Ok(Self { shares, unwritten, random: Mutex::new(random) })
    }

    /// Writes as a version of the program does, and asserts that what it wrote is there, and found.
    fn work<S: KvStore>(&self, store: &S, users: &Collection<Value>, version: usize) -> Result<()> {
        let mut share = self.shares[version].lock();
        let (written, is_deleted) = {
            let mut random = self.random.lock();
            let number = 3 * random.below(CROWD / 3) + version as u64;
            (user(number, &mut random), random.one_in(4))
        };
        let mut stored = written.clone();
        if version == 1 {
            stored["name"] = name(&written);
        }
        store.write_with(Durability::None, |transaction| {
            let taken = json!({"id": "taken", "mail": self.unwritten["002"]["mail"]});
            let refused = users.insert(transaction, taken).expect_err("an address that is taken");
            let is_unique = matches!(refused.downcast_ref(), Some(DocError::Unique { .. }));
            assert!(is_unique, "{refused:?}");
            if is_deleted {
                return users.delete(transaction, &*id_of(&written)).map(drop);
            }
            users.put(transaction, stored.clone()).map(drop)
        })?;
        if is_deleted {
            share.remove(&id_of(&written));
        } else {
            share.insert(id_of(&written), written);
        }
        self.check(&store.snapshot()?, users, &[&share, &self.unwritten])
    }

    /// Asserts that users are as they were written, with or without the name of the step, and that both
    /// indexes find them.
    fn check<R: KvRead>(
        &self,
        reader: &R,
        users: &Collection<Value>,
        known: &[&Users],
    ) -> Result<()> {
        let all: Users =
            users.all().list(reader)?.into_iter().map(|user| (id_of(&user), user)).collect();
        for (id, expected) in known.iter().copied().flatten() {
            let mut user = all.get(id).cloned().unwrap_or_default();
            let named = user.as_object_mut().and_then(|user| user.remove("name"));
            assert!(named.is_none_or(|named| named == name(expected)), "the name of {id}");
            assert_eq!(&user, expected, "a user that is lost, or another one");
        }
        let first = format!("Ada{}", self.random.lock().below(8));
        for (field, value) in
            [("first", first.clone().into()), ("name", name(&json!({"first": first})))]
        {
            let found =
                users.find(Filter::eq(field, value.clone())).require_index().list(reader)?;
            let meant = all.values().filter(|user| user[field] == value).count();
            assert!(
                found.iter().all(|user| user[field] == value) && found.len() == meant,
                "by {field}"
            );
        }
        Ok(())
    }

    /// Starts the earlier version of the program again, and asserts that it finds everything.
    fn check_earlier<S: KvStore>(&self, store: &S) -> Result<()> {
        assert_eq!(ran(&earlier().run(store)?), "", "the earlier version opens");
        let users = Collection::open(store, declaration())?;
        let [of_earlier, of_later] = &self.shares;
        let snapshot = store.snapshot()?;
        self.check(&snapshot, &users, &[&of_earlier.lock(), &of_later.lock(), &self.unwritten])?;
        let report = users.scrub(store, &mut |_| ControlFlow::Continue(()))?;
        assert!(report.is_clean(), "{report:?}");
        Ok(())
    }
}

fn id_of(user: &Value) -> String {
    user["id"].as_str().unwrap_or_default().to_owned()
}

/// Options that make commits cheap, and leave no lease that has to expire.
fn quick() -> Run {
    Run::default().durability(Durability::None).lease(Duration::ZERO)
}

fn to_the_end(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Returns how many users have a name of those that no version writes.
fn named<S: KvStore>(store: &S, crowd: &Crowd) -> Result<usize> {
    let users = Collection::open(store, declaration())?;
    let all = users.all().list(&store.snapshot()?)?;
    let is_named =
        |user: &&Value| !user["name"].is_null() && crowd.unwritten.contains_key(&id_of(user));
    Ok(all.iter().filter(is_named).count())
}

/// While the earlier version works, a compatible step is run and undone half-way, then run again and undone
/// when it is done. Then the newest version runs a step that is not compatible. The earlier version is
/// refused until that step is undone.
pub(super) fn step_with_undo<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let crowd = &Crowd::store(&**bed.store())?;
    earlier().run(&**bed.store())?;
    let mut kills = run_and_take_back(bed, crowd)?;
    bed.settle()?;
    kills += run_and_downgrade(bed, crowd)?;
    assert!(kills >= 12, "{kills} kills");
    bed.settle()?;

    let store = &**bed.store();
    newest().run(store)?;
    let error = earlier().run(store).expect_err("a step that is not compatible");
    assert_eq!(error.kind(), ErrorKind::TooNew);
    let told = error.to_string();
    for part in ["\"app 1.0\"", "\"app 3.0\"", "step 3 of \"users\"", "`abandon`", "`downgrade`"] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
    newest().downgrade(store, Target::step("users", 2))?;
    crowd.check_earlier(store)
}

fn run_and_take_back<F: Factory>(bed: &MigrationBed<F>, crowd: &Crowd) -> Result<u64> {
    let store = bed.store();
    let users = Collection::open(&**store, declaration())?;
    let work: Work<'_> = &|| crowd.work(&**store, &users, 0);
    let check = || crowd.check_earlier(&**store);
    let run_a_part = |killed: &Killed<F::Store>| {
        let report = later().run_with(killed, &quick(), &mut |progress| {
            if progress.done < INTERRUPTED {
                return ControlFlow::Continue(());
            }
            ControlFlow::Break(())
        })?;
        assert!(report.is_cancelled);
        Ok(())
    };
    let mut kills =
        step_killed_at_each_commit(store, &[work], |killed, _| run_a_part(killed), check)?;
    assert!(named(&**store, crowd)? > 0);
    let abandon = |killed: &Killed<F::Store>| {
        later().abandon_with(killed, &quick(), &mut to_the_end).map(drop)
    };
    kills += step_killed_at_each_commit(store, &[work], |killed, _| abandon(killed), check)?;
    assert_eq!(named(&**store, crowd)?, 0, "nothing is left of it");
    assert!(!later().status(&**store)?.is_unfinished);
    Ok(kills)
}

fn run_and_downgrade<F: Factory>(bed: &MigrationBed<F>, crowd: &Crowd) -> Result<u64> {
    let store = bed.store();
    let users = Collection::open(&**store, declaration())?;
    let of_earlier: Work<'_> = &|| crowd.work(&**store, &users, 0);
    let of_later: Work<'_> = &|| crowd.work(&**store, &users, 1);
    let check = || crowd.check_earlier(&**store);
    let run =
        |killed: &Killed<F::Store>| later().run_with(killed, &quick(), &mut to_the_end).map(drop);
    let mut kills =
        step_killed_at_each_commit(store, &[of_earlier], |killed, _| run(killed), check)?;
    assert_eq!(named(&**store, crowd)?, crowd.unwritten.len());
    beside(&[of_earlier, of_later], |load| (0..4).for_each(|_| load.round()))?;
    check()?;
    let downgrade = |killed: &Killed<F::Store>| {
        later().downgrade_with(killed, &quick().to(Target::step("users", 1))).map(drop)
    };
    kills +=
        step_killed_at_each_commit(store, &[of_earlier], |killed, _| downgrade(killed), check)?;
    assert_eq!(named(&**store, crowd)?, 0);
    // For the newest version, which has both.
    later().run(&**store)?;
    Ok(kills)
}
