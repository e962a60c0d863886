//! A model that is a closure over typed events.

use std::marker::PhantomData;

use arbour_core::DynTransaction;
use serde::Serialize;
use serde_json::Value;

use super::event::{Event, NewEvent};
use super::model::{AnyChange, ErasedModel, Outbox, Transact};
use super::recorded::Recorded;
use super::typed_event::TypedEvent;
use crate::AnyResult;

/// A model that applies the events of one type of the program by a closure, and ignores all others.
pub(super) struct ClosureModel<E, R, F> {
    name: String,
    apply: F,
    types: PhantomData<fn(E) -> R>,
}

impl<E, R, F> ClosureModel<E, R, F> {
    pub(super) fn new(name: &str, apply: F) -> Self {
        Self { name: name.to_owned(), apply, types: PhantomData }
    }
}

impl<E, R, F> ErasedModel for ClosureModel<E, R, F>
where
    E: TypedEvent,
    R: Serialize,
    F: Fn(&Recorded<E>, &mut DynTransaction<'_>) -> AnyResult<R> + Send + Sync,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn preprocess(
        &self,
        _event: &Event<'_>,
        _before: &DynTransaction<'_>,
    ) -> AnyResult<Option<NewEvent>> {
        Ok(None)
    }

    fn reduce(
        &self,
        event: &Event<'_>,
        _before: &DynTransaction<'_>,
        _out: &mut Outbox,
    ) -> AnyResult<Option<AnyChange>> {
        Ok(E::read(event)?.map(|recorded| Box::new(recorded) as AnyChange))
    }

    fn apply(
        &self,
        change: AnyChange,
        view: &mut DynTransaction<'_>,
        out: &mut Outbox,
    ) -> AnyResult {
        let event = change.downcast::<Recorded<E>>().map_err(|_| "a change of another model")?;
        let result = serde_json::to_value((self.apply)(&event, view)?)?;
        // A closure that returns `()` has no result, and nothing is stored for it.
        if result != Value::Null {
            out.returns(result);
        }
        Ok(())
    }

    fn derive(
        &self,
        _event: &Event<'_>,
        _view: &mut DynTransaction<'_>,
        _out: &mut Outbox,
    ) -> AnyResult {
        Ok(())
    }

    fn transact(
        &self,
        _event: &Event<'_>,
        _turn: &mut Transact<'_, DynTransaction<'_>>,
    ) -> AnyResult {
        Ok(())
    }
}
