//! How the data got to be what it is: the steps from what the first version of the bot stored.
//!
//! | step | what it does | |
//! |---|---|---|
//! | 1 | counts the variables of each user in each room, in a row beside them | as the bot's own |
//! | 2 | takes away the rows of version 0, which have no delimiters | kept, where the bot's own lost them |
//! | 3 | takes away the rows of step 1 | and no variable whose name ends alike |
//! | 4 | splits room and user by `FE` | whole, where one version of the bot's own was not |
//! | 5 | puts the user first, and the counts into a tree of their own | in one transaction, not two |
//! | 6 | moves the variables to the tree of the design, without what step 5 of the bot's own left | new |
//! | 7 | makes an entry of each member of a set | new |
//! | 8 | orders the processed events by time | new |
//!
//! The first five are those of the sled program, and lead to the same bytes. Its version is taken over from
//! the number it kept. A step is never edited once it is released: what its file says is recorded when it
//! runs, and a store that ran another is refused. Each works on trees of bytes, and on nothing else of this
//! program.

mod key;
mod legacy;
mod part;
mod steps;

use std::ops::ControlFlow;

use arbour::KvStore;
use arbour::migrations::{DryRun, Group, Migrations as Declared, Progress, Report, Run, StepId};

use super::Error;

pub use part::{Migrations, Unreadable};

const PROGRAM: &str = "dicebot";
const VERSION: &str = "8";
const GROUP: &str = "variables and rooms";

/// The tree that what cannot be told apart is kept in.
pub const UNREADABLE: &str = "variables_unreadable";

/// Returns the steps, for whoever wants to plan, try or verify them.
pub fn declared() -> Declared {
    let group = steps::all().into_iter().fold(Group::new(GROUP).contiguous(), Group::step);
    Declared::new(PROGRAM, VERSION).group(group)
}

/// Says in a few words what a step does.
pub fn words(step: &StepId) -> &'static str {
    match step {
        StepId::Number(number @ 1..) => steps::WORDS.get(*number as usize - 1).copied(),
        _ => None,
    }
    .unwrap_or("of another version")
}

/// Tries what [`migrate`] would do, and says what would be different. Nothing is written.
///
/// # Errors
/// As [`migrate`].
pub fn dry_run<S: KvStore>(store: &S) -> Result<DryRun, Error> {
    let done_before = legacy::version(store)?;
    let is_new = declared().status(store)?.steps.iter().all(|step| step.record.is_none());
    if !is_new || done_before == 0 {
        return Ok(declared().dry_run(store)?);
    }
    // What the sled program did is not in the journal yet.
    let left = steps::all().into_iter().skip(done_before as usize);
    let group = left.fold(Group::new(GROUP), Group::step);
    Ok(Declared::new(PROGRAM, VERSION).group(group).dry_run(store)?)
}

/// Brings a store up, from the version that the sled program left it at if that was the last to do so.
/// Where all is done that is two reads.
///
/// # Errors
/// [`Error::CannotDowngrade`] if the number that the sled program kept is none that it can have had;
/// [`Error::Migration`] if a newer version of this program has changed the store, or a step fails: nothing
/// of that step is kept, and the next call goes on with it.
pub fn migrate<S: KvStore>(
    store: &S,
    run: &Run,
    progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<Report, Error> {
    let declared = declared();
    legacy::take_over(store, &declared)?;
    Ok(declared.run_with(store, run, progress)?)
}
