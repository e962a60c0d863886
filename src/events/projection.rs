//! Projections: sets of models that make a view together.

use std::collections::BTreeSet;

use arbour_core::{KvStore, Result};

use super::EventError;
use super::event::Event;
use super::layout::view_name;
use super::log::check_name;
use super::model::{ErasedModel, Model};
use super::phase::{ApplyError, Phase};
use super::policy::FailurePolicy;

/// When a projection applies an event.
///
/// ```
/// assert_eq!(arbour::events::Pace::default(), arbour::events::Pace::Inline);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Before the dispatching call returns; if log and views share a store, in the same commit.
    #[default]
    Inline,
    /// When [`catch_up`](super::Events::catch_up) or [`follow`](super::Events::follow) reaches it.
    Behind,
}

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
/// use arbour::events::{FailurePolicy, FailureAction, Projection};
/// # use arbour::documents::Collection;
/// # use arbour::events::Model;
/// # struct Accounts(Collection<serde_json::Value>);
/// # impl Model for Accounts {
/// #     type Change = ();
/// #     fn name(&self) -> &str { "accounts" }
/// # }
/// let store = arbour::MemoryStore::new();
/// let bank = Projection::new("bank", 1);
/// let accounts = Collection::open(&store, Declaration::new(&bank.view("accounts")))?;
/// let bank: Projection<arbour::MemoryStore> = bank
///     .model(Accounts(accounts))
///     .on_failure(FailurePolicy::default().then(FailureAction::DeadLetter));
/// assert_eq!(bank.view("accounts"), "bank.1.accounts");
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct Projection<S: KvStore> {
    name: String,
    version: u32,
    pub(super) models: Vec<Box<dyn ErasedModel<S>>>,
    pub(super) policy: FailurePolicy,
    pub(super) pace: Pace,
    pub(super) limits: Limits,
    /// The known types, if the projection fails at all others.
    types: Option<BTreeSet<String>>,
}

impl<S: KvStore> Projection<S> {
    /// Creates a projection without models.
    ///
    /// ```
    /// # use arbour::events::Projection;
    /// assert_eq!(Projection::<arbour::MemoryStore>::new("bank", 1).name(), "bank");
    /// ```
    #[must_use]
    pub fn new(name: &str, version: u32) -> Self {
        Self {
            name: name.to_owned(),
            version,
            models: Vec::new(),
            policy: FailurePolicy::default(),
            pace: Pace::default(),
            limits: Limits { depth: 100, count: 10_000 },
            types: None,
        }
    }

    /// Adds a model.
    ///
    /// ```
    /// # use arbour::events::{Model, Projection};
    /// # use arbour::KvStore;
    /// fn with<S: KvStore, M: Model>(bank: Projection<S>, model: M) -> Projection<S> {
    ///     bank.model(model)
    /// }
    /// ```
    #[must_use]
    pub fn model(mut self, model: impl Model) -> Self {
        self.models.push(Box::new(model));
        self
    }

    /// Sets the policy for events that fail; by default the projection halts.
    ///
    /// ```
    /// # use arbour::events::{FailurePolicy, Projection};
    /// # let bank = Projection::<arbour::MemoryStore>::new("bank", 1);
    /// let bank = bank.on_failure(FailurePolicy::default());
    /// # let _ = bank;
    /// ```
    #[must_use]
    pub fn on_failure(mut self, policy: FailurePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets when events are applied; by default before the dispatching call returns.
    ///
    /// ```
    /// # use arbour::events::{Pace, Projection};
    /// # let bank = Projection::<arbour::MemoryStore>::new("bank", 1);
    /// let bank = bank.pace(Pace::Behind);
    /// # let _ = bank;
    /// ```
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Sets how deep sub-events may be nested, and how many an event may have: by default 100 and
    /// 10,000.
    ///
    /// ```
    /// # use arbour::events::Projection;
    /// # let bank = Projection::<arbour::MemoryStore>::new("bank", 1);
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
    /// # let bank = Projection::<arbour::MemoryStore>::new("bank", 1);
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
    /// assert_eq!(Projection::<arbour::MemoryStore>::new("bank", 1).name(), "bank");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the version.
    ///
    /// ```
    /// # use arbour::events::Projection;
    /// assert_eq!(Projection::<arbour::MemoryStore>::new("bank", 1).version(), 1);
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
    /// let bank = Projection::<arbour::MemoryStore>::new("bank", 2);
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
