//! The history of the data: the steps from what the first version of the bot stored.
//!
//! | step | what it does | |
//! |---|---|---|
//! | 1 | counts the variables of each user in each room, in a row beside them | as in the bot |
//! | 2 | removes the rows of version 0, without delimiters | keeps them; the bot lost them |
//! | 3 | removes the rows of step 1 | and no variable with a similar name |
//! | 4 | splits room and user by `FE` | completely, unlike one version of the bot |
//! | 5 | puts the user first, and the counts into their own tree | in one transaction, not two |
//! | 6 | moves the variables to their final tree, without leftovers of the bot's step 5 | new |
//! | 7 | makes an entry for each member of a set | new |
//! | 8 | orders the processed events by time | new |
//!
//! The first five are those of the sled program, and lead to the same bytes. Its version is adopted
//! from the number it kept. A step is never edited once it is released: the content of its file is
//! recorded when it runs, and a store that ran another one is refused. Each step works on trees of
//! bytes, and on nothing else of this program.

mod key;
mod legacy;
mod part;
mod steps;

use std::ops::ControlFlow;

use arbour::migrations::{Group, Migrations as Declared, Report, Run, StepId};
use arbour::{KvStore, Progress};

use super::Error;

pub use part::{Migrations, Unreadable};

const PROGRAM: &str = "dicebot";
const VERSION: &str = "8";
const GROUP: &str = "variables and rooms";

/// The tree for entries that cannot be split.
pub const UNREADABLE: &str = "variables_unreadable";

/// Returns the steps, for callers that plan, preview or verify them.
pub fn declared() -> Declared {
    let group = steps::all().into_iter().fold(Group::new(GROUP).contiguous(), Group::step);
    Declared::new(PROGRAM, VERSION).group(group)
}

/// Describes a step in a few words.
pub fn words(step: &StepId) -> &'static str {
    match step {
        StepId::Number(number @ 1..) => steps::WORDS.get(*number as usize - 1).copied(),
        _ => None,
    }
    .unwrap_or("of another version")
}

/// Previews what [`migrate`] would do, and reports what would be different. Nothing is written.
///
/// # Errors
/// As [`migrate`].
pub fn dry_run<S: KvStore>(store: &S) -> Result<Report, Error> {
    let done_before = legacy::version(store)?;
    let is_new = declared().status(store)?.steps.iter().all(|step| step.record.is_none());
    if !is_new || done_before == 0 {
        return Ok(declared().dry_run(store)?);
    }
    // The steps of the sled program are not in the journal yet.
    let left = steps::all().into_iter().skip(done_before as usize);
    let group = left.fold(Group::new(GROUP), Group::step);
    Ok(Declared::new(PROGRAM, VERSION).group(group).dry_run(store)?)
}

/// Migrates a store to the newest version, also from the version at which the sled program left it.
/// If everything is done, this costs two reads.
///
/// # Errors
/// [`Error::CannotDowngrade`] if the sled program cannot have had the number it kept;
/// [`Error::Migration`] if a newer version of this program has changed the store, or a step fails:
/// nothing of that step is kept, and the next call resumes it.
pub fn migrate<S: KvStore>(
    store: &S,
    run: &Run,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Report, Error> {
    let declared = declared();
    legacy::take_over(store, &declared)?;
    Ok(declared.run_with(store, run, progress)?)
}
