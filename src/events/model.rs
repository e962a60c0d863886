//! Models: the code of a program that makes views of events.

use std::any::Any;
use std::error::Error as StdError;

use arbour_core::{DynTransaction, KvRead, KvWrite};
use serde_json::Value;

use super::event::{Event, NewEvent};
use crate::AnyResult;

/// The error of a handler: any type.
pub(super) type Failure = Box<dyn StdError + Send + Sync>;

/// Makes and maintains a view of events, such as a collection of documents. A [`Projection`] has
/// one or more models.
///
/// Each event is applied in its own savepoint, so that it takes effect completely or not at all:
///
/// 1. [`preprocess`](Self::preprocess) of each model, in order: may replace the event;
/// 2. [`reduce`](Self::reduce) of each: computes the change from the view as it was before the
///    event;
/// 3. [`apply`](Self::apply) of each: makes the change;
/// 4. [`derive`](Self::derive) of each: updates what depends on it;
/// 5. the emitted sub-events, in order, each through all these steps: depth first;
/// 6. [`transact`](Self::transact) of each: may run further sub-events and read their effects.
///
/// Handlers must be deterministic, because views are rebuilt by applying the events again. They use
/// [`Event::time`] and [`Event::fresh_id`] instead of a clock and random numbers, and read and
/// write only through their arguments.
///
/// The phases are those of strato-db.
///
/// [`Projection`]: super::Projection
///
/// ```
/// use arbour::documents::Collection;
/// use arbour::AnyResult;
/// use arbour::events::{Event, EventType, Model, Outbox};
/// use arbour::{KvRead, KvWrite};
/// use serde_json::{Value, json};
///
/// struct Accounts {
///     deposited: EventType<i64>,
///     accounts: Collection<Value>,
/// }
///
/// impl Model for Accounts {
///     type Change = Value;
///
///     fn name(&self) -> &str {
///         "accounts"
///     }
///
///     fn reduce<R: KvRead>(
///         &self,
///         event: &Event<'_>,
///         before: &R,
///         _out: &mut Outbox,
///     ) -> AnyResult<Option<Value>> {
///         let Some(cents) = self.deposited.read(event)? else { return Ok(None) };
///         let account = self.accounts.get(before, event.stream)?;
///         let old = account.and_then(|account| account["cents"].as_i64()).unwrap_or(0);
///         Ok(Some(json!({"id": event.stream, "cents": old + cents})))
///     }
///
///     fn apply<W: KvWrite>(
///         &self,
///         account: Value,
///         view: &mut W,
///         _out: &mut Outbox,
///     ) -> AnyResult {
///         self.accounts.put(view, account)?;
///         Ok(())
///     }
/// }
/// ```
pub trait Model: Send + Sync + 'static {
    /// What [`reduce`](Self::reduce) computes and [`apply`](Self::apply) writes.
    type Change: 'static;

    /// Returns the name under which errors and results are reported.
    ///
    /// ```
    /// # use arbour::events::Model;
    /// fn title(model: &impl Model) -> String {
    ///     model.name().to_uppercase()
    /// }
    /// ```
    fn name(&self) -> &str;

    /// Replaces the event for all later steps; the log keeps the original.
    ///
    /// ```
    /// # use arbour::AnyResult;
    /// # use arbour::events::{Event, Model, NewEvent};
    /// # use arbour::KvRead;
    /// fn preprocess<M: Model, R: KvRead>(
    ///     model: &M, event: &Event<'_>, before: &R,
    /// ) -> AnyResult<Option<NewEvent>> {
    ///     model.preprocess(event, before)
    /// }
    /// ```
    #[expect(unused_variables, reason = "the names are documentation")]
    fn preprocess<R: KvRead>(&self, event: &Event<'_>, before: &R) -> AnyResult<Option<NewEvent>> {
        Ok(None)
    }

    /// Computes the change. `before` is the view before this event, without the changes of other
    /// models; for a sub-event, before that sub-event.
    ///
    /// ```
    /// # use arbour::AnyResult;
    /// # use arbour::events::{Event, Model, Outbox};
    /// # use arbour::KvRead;
    /// fn reduce<M: Model, R: KvRead>(
    ///     model: &M, event: &Event<'_>, before: &R, out: &mut Outbox,
    /// ) -> AnyResult<Option<M::Change>> {
    ///     model.reduce(event, before, out)
    /// }
    /// ```
    #[expect(unused_variables, reason = "the names are documentation")]
    fn reduce<R: KvRead>(
        &self,
        event: &Event<'_>,
        before: &R,
        out: &mut Outbox,
    ) -> AnyResult<Option<Self::Change>> {
        Ok(None)
    }

    /// Writes the change to the view.
    ///
    /// ```
    /// # use arbour::AnyResult;
    /// # use arbour::events::{Model, Outbox};
    /// # use arbour::KvWrite;
    /// fn apply<M: Model, W: KvWrite>(
    ///     model: &M, change: M::Change, view: &mut W, out: &mut Outbox,
    /// ) -> AnyResult {
    ///     model.apply(change, view, out)
    /// }
    /// ```
    #[expect(unused_variables, reason = "the names are documentation")]
    fn apply<W: KvWrite>(&self, change: Self::Change, view: &mut W, out: &mut Outbox) -> AnyResult {
        Ok(())
    }

    /// Updates what depends on the view, after all models have changed it.
    ///
    /// ```
    /// # use arbour::AnyResult;
    /// # use arbour::events::{Event, Model, Outbox};
    /// # use arbour::KvWrite;
    /// fn derive<M: Model, W: KvWrite>(
    ///     model: &M, event: &Event<'_>, view: &mut W, out: &mut Outbox,
    /// ) -> AnyResult {
    ///     model.derive(event, view, out)
    /// }
    /// ```
    #[expect(unused_variables, reason = "the names are documentation")]
    fn derive<W: KvWrite>(&self, event: &Event<'_>, view: &mut W, out: &mut Outbox) -> AnyResult {
        Ok(())
    }

    /// Runs further sub-events one at a time, and can read the effects of each before the next.
    ///
    /// ```
    /// # use arbour::AnyResult;
    /// # use arbour::events::{Event, Model, Transact};
    /// # use arbour::KvWrite;
    /// fn transact<M: Model, W: KvWrite>(
    ///     model: &M, event: &Event<'_>, turn: &mut Transact<'_, W>,
    /// ) -> AnyResult {
    ///     model.transact(event, turn)
    /// }
    /// ```
    #[expect(unused_variables, reason = "the names are documentation")]
    fn transact<W: KvWrite>(&self, event: &Event<'_>, turn: &mut Transact<'_, W>) -> AnyResult {
        Ok(())
    }
}

/// Collects the sub-events and the result of a handler.
///
/// ```
/// use arbour::events::{NewEvent, Outbox};
/// let mut out = Outbox::default();
/// out.emit(NewEvent::raw("account-2", "deposited", 1, b"500".to_vec()));
/// out.returns("done");
/// ```
#[derive(Debug, Default)]
pub struct Outbox {
    pub(super) sub_events: Vec<NewEvent>,
    pub(super) result: Option<Value>,
}

impl Outbox {
    /// Emits a sub-event, which is applied after this event and atomically with it.
    ///
    /// ```
    /// # use arbour::events::{NewEvent, Outbox};
    /// Outbox::default().emit(NewEvent::raw("account-2", "deposited", 1, b"500".to_vec()));
    /// ```
    pub fn emit(&mut self, event: NewEvent) {
        self.sub_events.push(event);
    }

    /// Sets the result that the dispatching caller gets under the model's name. The last call
    /// counts.
    ///
    /// ```
    /// # use arbour::events::Outbox;
    /// Outbox::default().returns(serde_json::json!({"cents": 500}));
    /// ```
    pub fn returns(&mut self, result: impl Into<Value>) {
        self.result = Some(result.into());
    }
}

/// Runs a sub-event and returns what its handlers returned.
type Run<'t, W> = dyn FnMut(&mut W, NewEvent) -> AnyResult<Value> + 't;

/// Runs sub-events one at a time for a model; see [`Model::transact`].
///
/// ```
/// use arbour::AnyResult;
/// use arbour::events::{NewEvent, Transact};
/// use arbour::KvWrite;
/// fn run_two<W: KvWrite>(turn: &mut Transact<'_, W>, first: NewEvent, second: NewEvent) -> AnyResult {
///     let result = turn.dispatch(first)?;
///     if result["accounts"] != "refused" {
///         turn.dispatch(second)?;
///     }
///     Ok(())
/// }
/// ```
pub struct Transact<'t, W> {
    pub(super) view: &'t mut W,
    pub(super) run: &'t mut Run<'t, W>,
}

impl<W> Transact<'_, W> {
    /// Returns the view, for reading and writing.
    ///
    /// ```
    /// # use arbour::events::Transact;
    /// # use arbour::{KvRead, KvWrite, Result, Tree};
    /// fn is_there<W: KvWrite>(turn: &mut Transact<'_, W>, tree: &Tree) -> Result<bool> {
    ///     turn.view().contains(tree, b"ada")
    /// }
    /// ```
    pub fn view(&mut self) -> &mut W {
        self.view
    }

    /// Applies a sub-event immediately, and returns what its handlers returned, by the names of the
    /// models.
    ///
    /// # Errors
    /// The error of its handlers. If the caller ignores it, the changes made until then are kept.
    ///
    /// ```
    /// # use arbour::AnyResult;
    /// # use arbour::events::{NewEvent, Transact};
    /// # use serde_json::Value;
    /// fn run<W>(turn: &mut Transact<'_, W>, event: NewEvent) -> AnyResult<Value> {
    ///     turn.dispatch(event)
    /// }
    /// ```
    pub fn dispatch(&mut self, event: NewEvent) -> AnyResult<Value> {
        (self.run)(self.view, event)
    }
}

/// The change of any model, type-erased.
pub(super) type AnyChange = Box<dyn Any>;

/// A type-erased model, as a projection holds it. The view is a savepoint in which one event is
/// applied.
pub(super) trait ErasedModel: Send + Sync {
    fn name(&self) -> &str;

    fn preprocess(
        &self,
        event: &Event<'_>,
        before: &DynTransaction<'_>,
    ) -> AnyResult<Option<NewEvent>>;

    fn reduce(
        &self,
        event: &Event<'_>,
        before: &DynTransaction<'_>,
        out: &mut Outbox,
    ) -> AnyResult<Option<AnyChange>>;

    fn apply(
        &self,
        change: AnyChange,
        view: &mut DynTransaction<'_>,
        out: &mut Outbox,
    ) -> AnyResult;

    fn derive(
        &self,
        event: &Event<'_>,
        view: &mut DynTransaction<'_>,
        out: &mut Outbox,
    ) -> AnyResult;

    fn transact(&self, event: &Event<'_>, turn: &mut Transact<'_, DynTransaction<'_>>)
    -> AnyResult;
}

impl<M: Model> ErasedModel for M {
    fn name(&self) -> &str {
        Model::name(self)
    }

    fn preprocess(
        &self,
        event: &Event<'_>,
        before: &DynTransaction<'_>,
    ) -> AnyResult<Option<NewEvent>> {
        Model::preprocess(self, event, before)
    }

    fn reduce(
        &self,
        event: &Event<'_>,
        before: &DynTransaction<'_>,
        out: &mut Outbox,
    ) -> AnyResult<Option<AnyChange>> {
        let change = Model::reduce(self, event, before, out)?;
        Ok(change.map(|change| Box::new(change) as AnyChange))
    }

    fn apply(
        &self,
        change: AnyChange,
        view: &mut DynTransaction<'_>,
        out: &mut Outbox,
    ) -> AnyResult {
        let change = change.downcast::<M::Change>().map_err(|_| "a change of another model")?;
        Model::apply(self, *change, view, out)
    }

    fn derive(
        &self,
        event: &Event<'_>,
        view: &mut DynTransaction<'_>,
        out: &mut Outbox,
    ) -> AnyResult {
        Model::derive(self, event, view, out)
    }

    fn transact(
        &self,
        event: &Event<'_>,
        turn: &mut Transact<'_, DynTransaction<'_>>,
    ) -> AnyResult {
        Model::transact(self, event, turn)
    }
}
