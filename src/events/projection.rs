//! Projections: sets of models that make a view together.

use std::collections::BTreeSet;

use arbour_core::{DynTransaction, KvStore, Result};
use serde::Serialize;

use super::EventError;
use super::closure_model::ClosureModel;
use super::event::Event;
use super::layout::view_name;
use super::log::check_name;
use super::model::{ErasedModel, Model};
use super::phase::{ApplyError, Phase};
use super::policy::FailurePolicy;
use super::recorded::Recorded;
use super::typed_event::TypedEvent;
use crate::AnyResult;
use crate::documents::{Collection, Declaration, Document};

/// The limits on sub-events.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) depth: usize,
    pub(super) count: usize,
}

/// Declares a projection: the models that make a view together, at one position.
///
/// Each version of a projection has its own view, in trees with other names, so that two versions
/// can exist at once. If you change what models make of events, give the projection the next
/// version and [rebuild](super::Events::rebuild) it.
///
/// ```
/// use arbour::documents::Declaration;
/// use arbour::events::{FailurePolicy, Projection};
/// # use arbour::documents::Collection;
/// # use arbour::events::Model;
/// # struct Accounts(Collection<serde_json::Value>);
/// # impl Model for Accounts {
/// #     type Change = ();
/// #     fn name(&self) -> &str { "accounts" }
/// # }
/// let store = arbour::open("memory:")?;
/// let bank = Projection::new("bank", 1);
/// let accounts = Collection::open(&store, Declaration::new(&bank.view("accounts")))?;
/// let bank: Projection = bank
///     .model(Accounts(accounts))
///     .on_failure(FailurePolicy::dead_letter());
/// assert_eq!(bank.view("accounts"), "bank.1.accounts");
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct Projection {
    name: String,
    version: u32,
    pub(super) models: Vec<Box<dyn ErasedModel>>,
    pub(super) policy: FailurePolicy,
    /// Whether events are applied before the dispatching call returns.
    pub(super) is_inline: bool,
    pub(super) limits: Limits,
    /// The known types, if the projection fails at all others.
    types: Option<BTreeSet<String>>,
}

impl Projection {
    /// Creates a projection without models.
    ///
    /// ```
    /// # use arbour::events::Projection;
    /// assert_eq!(Projection::new("bank", 1).name(), "bank");
    /// ```
    #[must_use]
    pub fn new(name: &str, version: u32) -> Self {
        Self {
            name: name.to_owned(),
            version,
            models: Vec::new(),
            policy: FailurePolicy::default(),
            is_inline: true,
            limits: Limits { depth: 100, count: 10_000 },
            types: None,
        }
    }

    /// Adds a model.
    ///
    /// ```
    /// # use arbour::events::{Model, Projection};
    /// # use arbour::KvStore;
    /// fn with<M: Model>(bank: Projection, model: M) -> Projection {
    ///     bank.model(model)
    /// }
    /// ```
    #[must_use]
    pub fn model(mut self, model: impl Model) -> Self {
        self.models.push(Box::new(model));
        self
    }

    /// Adds a closure that applies the events of one type of the program, and ignores all others.
    ///
    /// It writes the view through its second argument, and must be deterministic as a [`Model`] must
    /// be: it takes the time from [`Recorded::time`] and new ids from [`Recorded::fresh_id`]. If it
    /// fails or panics, nothing of the event reaches the view, and the [policy](Self::on_failure)
    /// decides what follows. What it returns other than `()` is stored as JSON for the caller that
    /// dispatched the event: [`Dispatched::returned`](super::Dispatched::returned).
    ///
    #[cfg_attr(feature = "derive", doc = "```")]
    #[cfg_attr(not(feature = "derive"), doc = "```text")]
    /// use arbour::prelude::*;
    ///
    /// #[derive(Serialize, Deserialize, Event)]
    /// enum Banking {
    ///     Opened { owner: String },
    ///     Moved { cents: i64 },
    /// }
    ///
    /// #[derive(Serialize, Deserialize, Document)]
    /// #[document(collection = "accounts")]
    /// struct Account {
    ///     #[document(id)]
    ///     name: String,
    ///     owner: String,
    ///     cents: i64,
    /// }
    ///
    /// let store = arbour::open("memory:")?;
    /// let bank = Projection::new("bank", 1);
    /// let accounts = bank.collection::<Account>(&store)?;
    /// let folded = accounts.clone();
    /// let events = Events::builder(store.clone(), "main")
    ///     .projection(bank.on(move |event: &Recorded<Banking>, view| {
    ///         match &event.body {
    ///             Banking::Opened { owner } => {
    ///                 let (name, owner) = (event.stream().to_owned(), owner.clone());
    ///                 folded.insert(view, Account { name, owner, cents: 0 })?
    ///             }
    ///             Banking::Moved { cents } => {
    ///                 folded.modify(view, event.stream(), |account| account.cents += cents)?
    ///             }
    ///         };
    ///         Ok(())
    ///     }))
    ///     .build()?;
    /// events.dispatch("ada", Banking::Opened { owner: "Ada".to_owned() })?;
    /// events.dispatch("ada", Banking::Moved { cents: 400 })?;
    /// assert_eq!(accounts.get(&store.snapshot()?, "ada")?.unwrap().cents, 400);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn on<E, R, F>(mut self, apply: F) -> Self
    where
        E: TypedEvent,
        R: Serialize + 'static,
        F: Fn(&Recorded<E>, &mut DynTransaction<'_>) -> AnyResult<R> + Send + Sync + 'static,
    {
        self.models.push(Box::new(ClosureModel::new(&self.name, apply)));
        self
    }

    /// Opens the collection of a type as a part of this version's view: it has a name of its own,
    /// [`view`](Self::view) of the declared one, and is rebuilt and forgotten with the view.
    ///
    /// # Errors
    /// As [`Collection::open`].
    ///
    #[cfg_attr(feature = "derive", doc = "```")]
    #[cfg_attr(not(feature = "derive"), doc = "```text")]
    /// use arbour::prelude::*;
    /// #[derive(Serialize, Deserialize, Document)]
    /// #[document(collection = "accounts")]
    /// struct Account {
    ///     #[document(id)]
    ///     name: String,
    /// }
    /// let accounts = Projection::new("bank", 1).collection::<Account>(&arbour::open("memory:")?)?;
    /// assert_eq!(accounts.declaration().name, "bank.1.accounts");
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn collection<D: Document>(&self, store: &impl KvStore) -> Result<Collection<D>> {
        let declared = D::declaration();
        let name = self.view(&declared.name);
        Collection::open(store, Declaration { name, ..declared })
    }

    /// Sets the policy for events that fail; by default the projection halts.
    ///
    /// ```
    /// # use arbour::events::{FailurePolicy, Projection};
    /// # let bank = Projection::new("bank", 1);
    /// let bank = bank.on_failure(FailurePolicy::dead_letter());
    /// # let _ = bank;
    /// ```
    #[must_use]
    pub fn on_failure(mut self, policy: FailurePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Lets the projection lag behind the log: events are applied when
    /// [`catch_up`](super::Events::catch_up) or [`follow`](super::Events::follow) reaches them. Without
    /// this it is inline: they are applied before the dispatching call returns and, if log and views
    /// share a store, in the same commit.
    ///
    /// ```
    /// # use arbour::events::Projection;
    /// let statistics = Projection::new("statistics", 1).behind();
    /// # let _ = statistics;
    /// ```
    #[must_use]
    pub fn behind(mut self) -> Self {
        self.is_inline = false;
        self
    }

    /// Sets how deep sub-events may be nested, and how many an event may have: by default 100 and
    /// 10,000.
    ///
    /// ```
    /// # use arbour::events::Projection;
    /// # let bank = Projection::new("bank", 1);
    /// let bank = bank.sub_events(3, 10);
    /// # let _ = bank;
    /// ```
    #[must_use]
    pub fn sub_events(mut self, depth: usize, count: usize) -> Self {
        self.limits = Limits { depth, count };
        self
    }

    /// Fails at events of other types than these. By default models see all events and ignore those
    /// they do not know.
    ///
    /// ```
    /// # use arbour::events::Projection;
    /// # let bank = Projection::new("bank", 1);
    /// let bank = bank.only_types(["deposited", "withdrawn"]);
    /// # let _ = bank;
    /// ```
    #[must_use]
    pub fn only_types(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.types = Some(types.into_iter().map(Into::into).collect());
        self
    }

    /// Returns the name.
    ///
    /// ```
    /// # use arbour::events::Projection;
    /// assert_eq!(Projection::new("bank", 1).name(), "bank");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the version.
    ///
    /// ```
    /// # use arbour::events::Projection;
    /// assert_eq!(Projection::new("bank", 1).version(), 1);
    /// ```
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Returns the name of a collection or a tree of this version, by which [`digest`], [`rebuild`]
    /// and [`forget`] recognize it.
    ///
    /// [`digest`]: super::Events::digest
    /// [`rebuild`]: super::Events::rebuild
    /// [`forget`]: super::Events::forget
    ///
    /// ```
    /// # use arbour::events::Projection;
    /// let bank = Projection::new("bank", 2);
    /// assert_eq!(bank.view("accounts"), "bank.2.accounts");
    /// ```
    #[must_use]
    pub fn view(&self, name: &str) -> String {
        view_name(&self.name, self.version, name)
    }

    pub(super) fn check(&self) -> Result<()> {
        check_name(&self.name, "a projection")?;
        if self.version == 0 {
            let reason = "versions of a projection begin at 1".to_owned();
            return Err(EventError::Invalid { log: self.name.clone(), reason }.into());
        }
        Ok(())
    }

    pub(super) fn check_type(&self, event: &Event<'_>) -> Result<(), ApplyError> {
        let is_known = self.types.as_ref().is_none_or(|types| types.contains(event.event_type));
        if is_known {
            return Ok(());
        }
        let cause = format!("the event type {:?} is not declared", event.event_type).into();
        Err(ApplyError { phase: Phase::Type, model: self.name.clone(), cause })
    }
}
