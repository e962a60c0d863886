//! A deploy that changes what is computed of events: two versions of a program work while each step of it is
//! made, and killed at each of its commits.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use arbour::Result;
use arbour::documents::Collection;
use arbour::events::{Dispatch, Events, EventsBuilder, Projection};
use arbour_core::{Durability, KvRead as _, KvStore, StoreOptions, Writers};
use parking_lot::Mutex;
use serde_json::Value;

use super::claims::{append_each, balances, folded, view};
use crate::Factory;
use crate::breaking::{Break, Breaking};
use crate::deploy::{Killed, Load, Work, beside, step_killed_at_each_commit};
use crate::events::EventBed;
use crate::events::bed::LOG;
use crate::events::ledger::{Ledger, accounts, cents};

/// Enough events for two chunks of a build. The models of the suite add up all balances at each event, which
/// takes an engine that keeps what was deleted the longer the more events there are.
const CROWD: i64 = 560;

/// How many rounds the two versions work beside each other.
const ROUNDS: u64 = 6;

/// How long a version pauses between two events, so that the log does not grow faster than it is read.
const PAUSE: Duration = Duration::from_millis(2);

/// How long it does where many write: a version becomes the active one in a commit that no event disturbs.
const PAUSE_BESIDE_WRITERS: Duration = Duration::from_millis(200);

/// The cents that each version of the program has moved, in a stream of its own.
type Moved = [Mutex<i64>; 2];

/// A version of the program at work.
struct Program<'p> {
    events: Events,
    view: Collection<Value>,
    stream: String,
    moved: &'p Mutex<i64>,
}

impl Program<'_> {
    /// Dispatches an event, and asserts that its view has it and everything before.
    fn work<S: KvStore>(&self, store: &S) -> Result<()> {
        let mut moved = self.moved.lock();
        let quick = Dispatch::default().durability(Durability::None);
        let dispatched = self.events.dispatch_with(cents(&self.stream, 1)?, quick)?;
        *moved += 1;
        let outcome = dispatched.outcomes("bank").last();
        assert!(outcome.is_some_and(|outcome| outcome.reason().is_none()), "{outcome:?}");
        let account = self.view.get(&store.snapshot()?, &*self.stream)?;
        let cents = account.as_ref().and_then(|account| account.get("cents"));
        assert_eq!(cents, Some(&Value::from(*moved)), "the view of {}", self.stream);
        let has_many = store.capabilities().writers == Writers::Many;
        thread::sleep(if has_many { PAUSE_BESIDE_WRITERS } else { PAUSE });
        Ok(())
    }
}

/// Declares versions of the projection, in a store that may be killed.
fn declare<F: Factory, S: KvStore + 'static>(
    bed: &EventBed<F>,
    store: &Arc<S>,
    versions: &[u32],
) -> Result<EventsBuilder> {
    let mut builder = Events::builder(Arc::clone(store), LOG).view_durability(Durability::None);
    if bed.is_apart() {
        builder = builder.log_in(Arc::clone(bed.log_store()));
    }
    for version in versions {
        let projection = Projection::new("bank", *version);
        let own = Collection::open(&**store, accounts(&projection.view("accounts")))?;
        let model = Ledger::new(own, Arc::clone(&bed.scene));
        builder = builder.projection(projection.model(model));
    }
    Ok(builder)
}

/// Starts a version of the program, which declares this version of the projection alone.
fn start<'p, F: Factory>(bed: &EventBed<F>, moved: &'p Moved, version: u32) -> Result<Program<'p>> {
    let [earlier, later] = moved;
    Ok(Program {
        events: declare(bed, bed.views(), &[version])?.build()?,
        view: view(&**bed.views(), "bank", version)?,
        stream: format!("of version {version}"),
        moved: if version == 1 { earlier } else { later },
    })
}

/// Asserts that a version of the program which starts now has a view of all events.
fn check<F: Factory>(bed: &EventBed<F>, version: u32) -> Result<()> {
    let events = declare(bed, bed.views(), &[version])?.build()?;
    let log = bed.log()?;
    let snapshot = bed.log_store().snapshot()?;
    assert_eq!(events.catch_up("bank")?, log.verify(&snapshot, 0)?);
    let (has, should) = (balances(&**bed.views(), "bank", version)?, folded(&log, &snapshot)?);
    assert_eq!(has, should, "the view of version {version}");
    Ok(())
}

/// The later version gives the projection another version, and builds it while the earlier one works. Both
/// work; readers are switched back to the earlier version; it is given up, and comes back after all.
pub(super) fn projection_raised<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    // On a busy machine a version has the writer for more than the usual five seconds.
    bed.reopen_with(&StoreOptions::new().busy_timeout(Duration::from_secs(60)))?;
    append_each(bed, 0..CROWD, |number| {
        Ok(cents(&format!("account {}", number % 7), number)?.into())
    })?;
    let moved = &Moved::default();
    if bed.views().capabilities().writers == Writers::Many {
        // Each event is a conflict for the last chunk of a build, so one build is enough, without kills.
        let earlier = start(bed, moved, 1)?;
        let work: Work<'_> = &|| earlier.work(&**bed.views());
        let whole = Arc::new(Breaking::at_commit(Arc::clone(bed.views()), Break::Before, u64::MAX));
        beside(&[work], |load| open(bed, &whole, load, 2)?.catch_up("bank").map(drop))??;
        check(bed, 1)?;
        return check(bed, 2);
    }
    let mut kills = roll_out(bed, moved)?;
    bed.settle()?;
    kills += work_and_switch_back(bed, moved)?;
    bed.settle()?;
    kills += give_up_and_come_back(bed, moved)?;
    assert!(kills >= 8, "{kills} kills");
    bed.settle()?;
    check(bed, 1)?;
    check(bed, 2)
}

/// Opens a version on a store that may be killed, which builds it.
fn open<F: Factory>(
    bed: &EventBed<F>,
    killed: &Killed<F::Store>,
    load: &Load<'_>,
    version: u32,
) -> Result<Events> {
    declare(bed, killed, &[version])?.build_with(&mut |_| {
        load.round();
        ControlFlow::Continue(())
    })
}

fn roll_out<F: Factory>(bed: &EventBed<F>, moved: &Moved) -> Result<u64> {
    let earlier = start(bed, moved, 1)?;
    let work: Work<'_> = &|| earlier.work(&**bed.views());
    let build = |killed: &Killed<F::Store>, load: &Load<'_>| {
        let later = open(bed, killed, load, 2)?;
        later.catch_up("bank")?;
        assert_eq!(later.active_version("bank")?, Some(2));
        Ok(())
    };
    step_killed_at_each_commit(bed.views(), &[work], build, || check(bed, 1))
}

fn work_and_switch_back<F: Factory>(bed: &EventBed<F>, moved: &Moved) -> Result<u64> {
    let (earlier, later) = (start(bed, moved, 1)?, start(bed, moved, 2)?);
    let programs: [Work<'_>; 2] =
        [&|| earlier.work(&**bed.views()), &|| later.work(&**bed.views())];
    beside(&programs, |load| (0..ROUNDS).for_each(|_| load.round()))?;
    let switch = |killed: &Killed<F::Store>, _: &Load<'_>| {
        let both = declare(bed, killed, &[1, 2])?.build()?;
        // Once it is read, the later program may build and switch to its own version again.
        assert!(both.rebuild("bank", 1, &mut |_| ControlFlow::Continue(()))?);
        Ok(())
    };
    let both_are_right = || check(bed, 1).and_then(|()| check(bed, 2));
    step_killed_at_each_commit(bed.views(), &programs, switch, both_are_right)
}

fn give_up_and_come_back<F: Factory>(bed: &EventBed<F>, moved: &Moved) -> Result<u64> {
    let later = start(bed, moved, 2)?;
    let work: Work<'_> = &|| later.work(&**bed.views());
    later.events.catch_up("bank")?;
    assert_eq!(later.events.active_version("bank")?, Some(2));
    let forget = |killed: &Killed<F::Store>, _: &Load<'_>| {
        declare(bed, killed, &[2])?.build()?.forget("bank", 1)
    };
    // In the middle of it, the earlier version of the program is started again.
    let both_are_right = || check(bed, 2).and_then(|()| check(bed, 1));
    let kills = step_killed_at_each_commit(bed.views(), &[work], forget, both_are_right)?;
    let trees = bed.views().snapshot()?.trees()?;
    let left: Vec<&String> = trees.iter().filter(|tree| tree.contains("bank.1")).collect();
    assert!(left.is_empty(), "{left:?}");
    let come_back = |killed: &Killed<F::Store>, load: &Load<'_>| {
        open(bed, killed, load, 1)?.catch_up("bank").map(drop)
    };
    let back = step_killed_at_each_commit(bed.views(), &[work], come_back, || check(bed, 2))?;
    Ok(kills + back)
}
