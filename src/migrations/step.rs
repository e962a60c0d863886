//! The declaration of a step.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::StepId;
#[cfg(feature = "documents")]
use super::documents::{EachDocument, change, documents_of};
use super::record::{Hash, Kind};
use super::source::Source;
use super::step_trees::StepTrees;
use crate::AnyResult;

type Atomic = dyn Fn(&mut StepTrees<'_>) -> AnyResult + Send + Sync;
type Each = dyn Fn(&mut StepTrees<'_>, &[u8], &[u8]) -> AnyResult + Send + Sync;
type Chunked =
    dyn Fn(&mut StepTrees<'_>, Option<&[u8]>) -> AnyResult<Option<Vec<u8>>> + Send + Sync;

/// What a step does.
#[derive(Clone)]
pub(super) enum Body {
    Nothing,
    Atomic(Arc<Atomic>),
    Each(Source, Arc<Each>),
    #[cfg(feature = "documents")]
    EachDocument(String, Arc<EachDocument>),
    Chunked(Arc<Chunked>),
}

impl Body {
    /// Returns the entries that the step visits, if that is known.
    pub(super) fn source(&self) -> Option<Source> {
        match self {
            Self::Each(source, _) => Some(source.clone()),
            #[cfg(feature = "documents")]
            Self::EachDocument(collection, _) => Some(documents_of(collection)),
            _ => None,
        }
    }
}

/// How a part of a step is undone: what is done for each entry that it has visited.
#[derive(Clone)]
pub(super) enum Undo {
    Each(Arc<Each>),
    #[cfg(feature = "documents")]
    EachDocument(Arc<EachDocument>),
}

/// A step: one change of what is stored.
///
/// | kind | what it is | suitable for |
/// |---|---|---|
/// | [`atomic`](Self::atomic) | one transaction | changes that fit in one: some engines hold its writes in memory |
/// | [`each`](Self::each) | one transaction for some thousand entries | changes to each entry on its own |
/// | [`each_document`](Self::each_document) | one transaction for some thousand documents | changes to each document of a collection |
/// | [`chunked`](Self::chunked) | one transaction for each call | changes that track their own progress |
///
/// Each commit contains the progress in the journal together with the changes, so a step that was
/// killed continues after its last commit, and no committed entry is handed to it twice. It need
/// not be idempotent. After a failure, however, it runs again from the last commit on, so its
/// effects outside the store may happen twice.
///
/// Do not edit a step after it was released: make further changes in a new step.
///
/// ```
/// use arbour::migrations::Step;
/// // Keys `user room FF name` become `user FE room FF name`, some thousand in each transaction.
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
    pub(super) undo: Option<Undo>,
    pub(super) check: Option<Arc<Atomic>>,
    pub(super) min_reader: Option<u32>,
    pub(super) min_writer: Option<u32>,
}

impl Step {
    /// Creates a step with a number.
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

    /// Creates a step with a name. It runs after all steps with numbers.
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
            undo: None,
            check: None,
            min_reader: None,
            min_writer: None,
        }
    }

    /// Declares the content of the step as a text: a version, or the source itself through
    /// `include_str!`. Its SHA-256 is recorded, and a later change is detected. Line endings
    /// (`\n`, `\r\n`, `\r`) make no difference.
    ///
    /// Without a revision, an edited step is not detected.
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

    /// Performs the step in one transaction. If it fails, all of it is rolled back.
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
        run: impl Fn(&mut StepTrees<'_>) -> AnyResult + Send + Sync + 'static,
    ) -> Self {
        self.body = Body::Atomic(Arc::new(run));
        self
    }

    /// Performs the step for each entry of a tree or a range, in ascending order and in chunks. A
    /// chunk ends after the number of entries, bytes or milliseconds that the
    /// [program](super::Migrations::chunk_entries) sets, with a commit that includes the progress
    /// in the journal. Only one chunk is held in memory, however large the tree.
    ///
    /// The closure may put and delete, also in the tree it visits. It must not put an entry after
    /// the one it is handed, because it would visit its own write; that is refused. Each entry is
    /// handed to it once, provided that no other writer puts it again after the current one
    /// meanwhile.
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
        run: impl Fn(&mut StepTrees<'_>, &[u8], &[u8]) -> AnyResult + Send + Sync + 'static,
    ) -> Self {
        self.body = Body::Each(source.into(), Arc::new(run));
        self
    }

    /// Performs the step for each document of a collection, in the order of their ids and in chunks,
    /// as [`each`](Self::each) does for entries. The closure changes the document.
    ///
    /// The type of the closure's argument is the one the documents are read as. As
    /// [`Value`](serde_json::Value) they are JSON: the program need not have their type, and the step stays
    /// right when the type changes. As another type, a document that lacks what the type requires fails the
    /// run, and one that the closure changes is stored as the type writes it, without members that the
    /// type does not have. So use a type that stays as it is: one that the program declares for this step.
    ///
    /// Changed documents are stored through the collection as it was declared last, at the end of
    /// their chunk: its indexes, revisions, unique values and changes stay right, and defaults are
    /// filled in. A document that the closure leaves as it is keeps its revision. The id must stay.
    /// If there is no such collection, there is nothing to do.
    ///
    /// If a document cannot be changed, the run fails with an error that names it, and nothing of its
    /// chunk is stored. If the store does not tell how an index is maintained, because the index is
    /// over a field that only the type computes, the run fails before any step runs. A document
    /// whose body is not JSON or has an older schema version is refused when it is visited.
    ///
    /// ```
    /// use arbour::documents::{Collection, Declaration, Field, Filter, Index};
    /// use arbour::migrations::{Group, Migrations, Step};
    /// use arbour::{KvStore, MemoryStore};
    /// use serde::{Deserialize, Serialize};
    /// use serde_json::{Value, json};
    ///
    /// /// A user, as this step reads it.
    /// #[derive(Serialize, Deserialize)]
    /// struct User {
    ///     id: String,
    ///     name: String,
    /// }
    ///
    /// let store = MemoryStore::new();
    /// let users = Declaration::<Value>::new("users").field(Field::path("name")).index(Index::on("name"));
    /// let users = Collection::open(&store, users)?;
    /// store.write(|transaction| users.insert(transaction, json!({"id": "ada", "name": " Ada"})))?;
    ///
    /// let trims = Step::numbered(1).each_document("users", |_, user: &mut User| {
    ///     user.name = user.name.trim().to_owned();
    ///     Ok(())
    /// });
    /// let greets = Step::numbered(2).each_document("users", |_, user: &mut Value| {
    ///     user["name"] = format!("Dear {}", user["name"].as_str().unwrap_or("user")).into();
    ///     Ok(())
    /// });
    /// let steps = Group::new("users").step(trims).step(greets);
    /// Migrations::new("app", "1.2").group(steps).run(&store)?;
    /// let named = users.find(Filter::eq("name", "Dear Ada")).require_index();
    /// assert_eq!(named.count(&store.snapshot()?)?, 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[cfg(feature = "documents")]
    #[must_use]
    pub fn each_document<D: crate::documents::Body>(
        mut self,
        collection: impl Into<String>,
        run: impl Fn(&mut StepTrees<'_>, &mut D) -> AnyResult + Send + Sync + 'static,
    ) -> Self {
        self.body = Body::EachDocument(collection.into(), for_each(run));
        self
    }

    /// Performs the step in chunks of its own: each call is one commit. It is given the cursor that
    /// the previous call returned, `None` at first, and returns its new position, or `None` when it
    /// is done.
    ///
    /// ```
    /// # use arbour::migrations::{Source, Step};
    /// use arbour::KeyRange;
    /// // One user in each chunk, however many rooms the user has.
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
        run: impl Fn(&mut StepTrees<'_>, Option<&[u8]>) -> AnyResult<Option<Vec<u8>>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.body = Body::Chunked(Arc::new(run));
        self
    }

    /// Declares how to undo the step, in one transaction: for
    /// [`downgrade`](super::Migrations::downgrade).
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
        run: impl Fn(&mut StepTrees<'_>) -> AnyResult + Send + Sync + 'static,
    ) -> Self {
        self.down = Some(Arc::new(run));
        self
    }

    /// Declares how to undo an [`each`](Self::each) step for an entry that it has visited, for
    /// [`abandon`](super::Migrations::abandon) and [`downgrade`](super::Migrations::downgrade). Unlike
    /// [`down`](Self::down), it also undoes a step that has run in part, and runs in chunks.
    ///
    /// It is handed the entries that are in the visited range now, in descending order, from where the
    /// step stopped. It is therefore only for a step that leaves the visited entries in place. It may
    /// also be handed an entry that another program put there after the step had passed.
    ///
    /// ```
    /// # use arbour::migrations::Step;
    /// let step = Step::numbered(1)
    ///     .each("rooms", |trees, room, topic| Ok(trees.put("rooms", room, &[b"#", topic].concat())?))
    ///     .undo_each(|trees, room, topic| {
    ///         Ok(trees.put("rooms", room, topic.strip_prefix(b"#").unwrap_or(topic))?)
    ///     });
    /// # let _ = step;
    /// ```
    #[must_use]
    pub fn undo_each(
        mut self,
        run: impl Fn(&mut StepTrees<'_>, &[u8], &[u8]) -> AnyResult + Send + Sync + 'static,
    ) -> Self {
        self.undo = Some(Undo::Each(Arc::new(run)));
        self
    }

    /// Declares how to undo an [`each_document`](Self::each_document) step for a document that it has
    /// visited, as [`undo_each`](Self::undo_each) does for entries. It may read documents as another type
    /// than the step.
    ///
    /// ```
    /// # use arbour::migrations::Step;
    /// use serde_json::Value;
    /// let step = Step::numbered(1)
    ///     .each_document("users", |_, user: &mut Value| Ok(user["born"] = user["year"].take()))
    ///     .undo_each_document(|_, user: &mut Value| Ok(user["year"] = user["born"].take()));
    /// # let _ = step;
    /// ```
    #[cfg(feature = "documents")]
    #[must_use]
    pub fn undo_each_document<D: crate::documents::Body>(
        mut self,
        run: impl Fn(&mut StepTrees<'_>, &mut D) -> AnyResult + Send + Sync + 'static,
    ) -> Self {
        self.undo = Some(Undo::EachDocument(for_each(run)));
        self
    }

    /// Declares what must hold once the step is done. The check is read-only and runs in the
    /// transaction of the last commit, which is rolled back if it fails.
    /// [`verify`](super::Migrations::verify) repeats only the check of the newest step of each
    /// group that has one, because a later step may change what held after an earlier one.
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
        run: impl Fn(&mut StepTrees<'_>) -> AnyResult + Send + Sync + 'static,
    ) -> Self {
        self.check = Some(Arc::new(run));
        self
    }

    /// Declares that programs which do not know this step can open the store, read it and write to
    /// it, while the step runs and after it. If a later step fails, the earlier program can then come
    /// back without anything being undone.
    ///
    /// Other programs may write entries that the step has already passed: the program that declares
    /// it must be able to read those that are not migrated.
    ///
    /// It is the same as requiring data format 0 of [readers](Self::min_reader) and
    /// [writers](Self::min_writer), which every program knows.
    ///
    /// ```
    /// # use arbour::migrations::Step;
    /// let step = Step::numbered(1)
    ///     .each("rooms", |trees, room, _| Ok(trees.put("rooms by size", room, b"")?))
    ///     .compatible();
    /// # let _ = step;
    /// ```
    #[must_use]
    pub fn compatible(self) -> Self {
        self.min_reader(0).min_writer(0)
    }

    /// Sets the [data format](super::Migrations::format) required to read what this step makes. A
    /// program that does not declare the step may read the store only if it knows that format.
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

    /// Sets the [data format](super::Migrations::format) required to write to the store after this
    /// step. A program that does not declare the step may write only if it knows that format.
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

    /// Tells whether what it has done can be undone: all of it, or a part.
    pub(super) fn can_undo(&self, is_part: bool) -> bool {
        self.undo.is_some() || (self.down.is_some() && !is_part)
    }

    pub(super) fn kind(&self) -> Kind {
        match &self.body {
            Body::Nothing | Body::Atomic(_) => Kind::Atomic,
            Body::Each(..) => Kind::Each,
            #[cfg(feature = "documents")]
            Body::EachDocument(..) => Kind::Each,
            Body::Chunked(_) => Kind::Chunked,
        }
    }
}

/// Returns a closure over JSON that hands on documents of a type.
#[cfg(feature = "documents")]
fn for_each<D: crate::documents::Body>(
    run: impl Fn(&mut StepTrees<'_>, &mut D) -> AnyResult + Send + Sync + 'static,
) -> Arc<EachDocument> {
    Arc::new(move |trees, collection, json| change(trees, collection, json, &run))
}

/// Returns the SHA-256 of a content, with line endings normalized.
fn revision_of(content: &str) -> Hash {
    let content = content.replace("\r\n", "\n").replace('\r', "\n");
    Sha256::digest(content).into()
}
