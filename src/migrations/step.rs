//! One step, and how it is declared.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::StepId;
use super::record::{Hash, Kind};
use super::source::Source;
use super::step_trees::{StepResult, StepTrees};

type Atomic = dyn Fn(&mut StepTrees<'_>) -> StepResult + Send + Sync;
type Each = dyn Fn(&mut StepTrees<'_>, &[u8], &[u8]) -> StepResult + Send + Sync;
type Chunked =
    dyn Fn(&mut StepTrees<'_>, Option<&[u8]>) -> StepResult<Option<Vec<u8>>> + Send + Sync;

/// What a step does.
#[derive(Clone)]
pub(super) enum Body {
    Nothing,
    Atomic(Arc<Atomic>),
    Each(Source, Arc<Each>),
    Chunked(Arc<Chunked>),
}

/// A step: one change of what is stored.
///
/// | kind | is | for |
/// |---|---|---|
/// | [`atomic`](Self::atomic) | one transaction | what fits in one: its writes are held in memory by some engines |
/// | [`each`](Self::each) | a transaction for some thousand entries | changes of each entry for itself |
/// | [`chunked`](Self::chunked) | a transaction for each call | what has its own idea of progress |
///
/// Each commit holds the place in the journal with the changes it stands for, so a step that was killed goes
/// on behind its last commit, and no entry is handed to it twice. It need not be idempotent. It is run again
/// from the last commit on, though, after a failure: what it does outside of the store may be done twice.
///
/// A step that was released is not edited any more: what is to be done otherwise is a new step.
///
/// ```
/// use arbour::migrations::Step;
/// // Keys `user room FF name` become `user FE room FF name`, a transaction for some thousand entries.
/// let step = Step::numbered(4)
///     .revision("splits user and room, version 1")
///     .each("variables", |trees, key, value| {
///         let room = key.iter().position(|byte| *byte == b'!').ok_or("a key without a room")?;
///         let (user, rest) = key.split_at(room);
///         Ok(trees.put("user_variables", &[user, b"\xfe", rest].concat(), value)?)
///     })
///     .down(|trees| Ok(trees.delete_range("user_variables", arbour::KeyRange::all())?))
///     .check(|trees| match trees.first("variables")?.is_some() == trees.first("user_variables")?.is_some() {
///         true => Ok(()),
///         false => Err("one of the trees is empty".into()),
///     });
/// # let _ = step;
/// ```
#[derive(Clone)]
pub struct Step {
    pub(super) id: StepId,
    pub(super) revision: Hash,
    pub(super) body: Body,
    pub(super) down: Option<Arc<Atomic>>,
    pub(super) check: Option<Arc<Atomic>>,
    pub(super) min_reader: Option<u32>,
    pub(super) min_writer: Option<u32>,
}

impl Step {
    /// Begins a step with a number.
    ///
    /// ```
    /// # use arbour::migrations::Step;
    /// let step = Step::numbered(1).atomic(|trees| Ok(trees.put("rooms", b"study", b"")?));
    /// # let _ = step;
    /// ```
    #[must_use]
    pub fn numbered(number: u64) -> Self {
        Self::new(StepId::Number(number))
    }

    /// Begins a step with a name, which runs after all that have numbers.
    ///
    /// ```
    /// # use arbour::migrations::Step;
    /// let step = Step::named("2026-11 rooms").atomic(|trees| Ok(trees.put("rooms", b"study", b"")?));
    /// # let _ = step;
    /// ```
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self::new(StepId::Name(name.into()))
    }

    fn new(id: StepId) -> Self {
        Self {
            id,
            revision: revision_of(""),
            body: Body::Nothing,
            down: None,
            check: None,
            min_reader: None,
            min_writer: None,
        }
    }

    /// Declares what the step does, as a text: a version, or the source itself by `include_str!`. Its SHA-256
    /// is recorded, and a step that has run with another is found out. The ends of lines are no difference,
    /// however they are written (`\n`, `\r\n`, `\r`).
    ///
    /// Without it a step can be edited without being noticed.
    ///
    /// ```
    /// # use arbour::migrations::Step;
    /// let step = Step::numbered(1).revision(include_str!("step.rs"));
    /// # let _ = step;
    /// ```
    #[must_use]
    pub fn revision(mut self, content: &str) -> Self {
        self.revision = revision_of(content);
        self
    }

    /// Does all of it in one transaction: nothing of it is kept if it fails.
    ///
    /// ```
    /// # use arbour::migrations::Step;
    /// let step = Step::numbered(1).atomic(|trees| {
    ///     let rooms = trees.get("meta", b"rooms")?.ok_or("the number of rooms is missing")?;
    ///     trees.delete("meta", b"rooms")?;
    ///     Ok(trees.put("rooms", b"count", &rooms)?)
    /// });
    /// # let _ = step;
    /// ```
    #[must_use]
    pub fn atomic(
        mut self,
        run: impl Fn(&mut StepTrees<'_>) -> StepResult + Send + Sync + 'static,
    ) -> Self {
        self.body = Body::Atomic(Arc::new(run));
        self
    }

    /// Does it for each entry of a tree or a range, ascending, in chunks: a chunk ends after so many entries,
    /// bytes or milliseconds as the [program](super::Migrations::chunk_entries) says, with a commit that holds
    /// the place in the journal too. However large the tree, a chunk is what is in memory.
    ///
    /// It may put and delete, also in the tree it visits. It must not put ahead of the entry it is handed,
    /// where it would be handed its own writing: that is refused. An entry is handed to it once, if nobody
    /// else writes ahead of it meanwhile.
    ///
    /// ```
    /// # use arbour::migrations::{Source, Step};
    /// let rooms_of_ada = Source::tree("rooms").prefix(b"@ada:x\xfe");
    /// let step = Step::numbered(1).each(rooms_of_ada, |trees, key, _| Ok(trees.delete("rooms", key)?));
    /// # let _ = step;
    /// ```
    #[must_use]
    pub fn each(
        mut self,
        source: impl Into<Source>,
        run: impl Fn(&mut StepTrees<'_>, &[u8], &[u8]) -> StepResult + Send + Sync + 'static,
    ) -> Self {
        self.body = Body::Each(source.into(), Arc::new(run));
        self
    }

    /// Does it in chunks of its own: each call is one commit. It is given the cursor that the call before
    /// returned, `None` at first, and returns how far it got, or `None` if that was all.
    ///
    /// ```
    /// # use arbour::migrations::{Source, Step};
    /// use arbour::KeyRange;
    /// // One user a chunk, however many rooms he has.
    /// let step = Step::numbered(1).chunked(|trees, cursor| {
    ///     let rest = KeyRange::all().resume_after(cursor.unwrap_or_default());
    ///     let Some((user, _)) = trees.first(Source::tree("users").range(rest))? else { return Ok(None) };
    ///     trees.each(Source::tree("rooms").prefix(&user), |trees, room, _| Ok(trees.delete("rooms", room)?))?;
    ///     Ok(Some(user))
    /// });
    /// # let _ = step;
    /// ```
    #[must_use]
    pub fn chunked(
        mut self,
        run: impl Fn(&mut StepTrees<'_>, Option<&[u8]>) -> StepResult<Option<Vec<u8>>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.body = Body::Chunked(Arc::new(run));
        self
    }

    /// Says how the step is undone, in one transaction: for [`downgrade`](super::Migrations::downgrade).
    ///
    /// ```
    /// # use arbour::migrations::Step;
    /// let step = Step::numbered(1)
    ///     .atomic(|trees| Ok(trees.put("rooms", b"study", b"")?))
    ///     .down(|trees| Ok(trees.delete("rooms", b"study")?));
    /// # let _ = step;
    /// ```
    #[must_use]
    pub fn down(
        mut self,
        run: impl Fn(&mut StepTrees<'_>) -> StepResult + Send + Sync + 'static,
    ) -> Self {
        self.down = Some(Arc::new(run));
        self
    }

    /// Says what holds once the step is done. It reads only, in the transaction of the last commit, and the
    /// commit is not made if it fails. [`verify`](super::Migrations::verify) asks again that of the newest
    /// step of each group that has one: what holds after a step, a later one may change.
    ///
    /// ```
    /// # use arbour::migrations::Step;
    /// let step = Step::numbered(1)
    ///     .atomic(|trees| Ok(trees.put("rooms", b"study", b"")?))
    ///     .check(|trees| trees.get("rooms", b"study")?.map(drop).ok_or("no study".into()));
    /// # let _ = step;
    /// ```
    #[must_use]
    pub fn check(
        mut self,
        run: impl Fn(&mut StepTrees<'_>) -> StepResult + Send + Sync + 'static,
    ) -> Self {
        self.check = Some(Arc::new(run));
        self
    }

    /// Says which [data format](super::Migrations::format) a program has to know to read what this step
    /// makes. A program that does not have the step may read if it knows as much; else it may not.
    ///
    /// ```
    /// # use arbour::migrations::Step;
    /// let widens = Step::numbered(1).min_reader(1).min_writer(2);
    /// # let _ = widens;
    /// ```
    #[must_use]
    pub fn min_reader(mut self, format: u32) -> Self {
        self.min_reader = Some(format);
        self
    }

    /// Says which [data format](super::Migrations::format) a program has to know to write beside what this
    /// step makes. A program that does not have the step may go on if it knows as much; else it may not.
    ///
    /// ```
    /// # use arbour::migrations::Step;
    /// let adds_what_nobody_must_keep = Step::numbered(1).min_reader(1).min_writer(1);
    /// # let _ = adds_what_nobody_must_keep;
    /// ```
    #[must_use]
    pub fn min_writer(mut self, format: u32) -> Self {
        self.min_writer = Some(format);
        self
    }

    pub(super) fn kind(&self) -> Kind {
        match &self.body {
            Body::Nothing | Body::Atomic(_) => Kind::Atomic,
            Body::Each(..) => Kind::Each,
            Body::Chunked(_) => Kind::Chunked,
        }
    }
}

/// The SHA-256 of a content, however the ends of its lines are written.
fn revision_of(content: &str) -> Hash {
    let content = content.replace("\r\n", "\n").replace('\r', "\n");
    Sha256::digest(content).into()
}
