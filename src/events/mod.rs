//! Event sourcing over any engine.
//!
//! | to do | with |
//! |---|---|
//! | declare what can happen | [`EventType`], which also upgrades older payloads |
//! | record that it happened | [`Log`], in a transaction of the caller; [`Append`], [`Expected`] |
//! | build views from it | [`Model`], [`Projection`] |
//! | do both together | [`Events`]: dispatch, wait, catch up, rebuild, repair |
//! | follow new events | [`Subscription`], whose position is stored; [`Tail`], whose position is not |
//!
//! A [`Log`] can be used without the rest of this module. [`layout`] describes what is stored.

mod append;
mod append_in;
mod apply;
mod catch_up;
mod claim;
mod closure_model;
mod counters;
mod dead_letter;
mod digest;
mod dispatch;
mod drive;
mod envelope;
mod error;
mod event;
mod event_batch;
mod event_collection;
mod event_type;
#[expect(clippy::module_inception, reason = "the type is what the module is about")]
mod events;
mod events_builder;
mod fold;
mod forget;
mod handling;
mod head;
mod inline;
pub mod layout;
mod log;
mod log_location;
mod model;
mod outcome;
mod patience;
mod phase;
mod policy;
mod prefetching;
mod project;
mod projection;
mod projection_state;
mod query;
mod reader_control;
mod recorded;
mod repair;
mod replica;
mod retention;
mod runner;
mod running_projection;
mod signal;
mod status;
#[cfg(feature = "tokio")]
mod stream;
mod stream_range;
mod subscription;
mod tail;
mod taken;
mod turn;
mod type_index;
mod typed_event;
mod view;

/// Makes an enum or a struct a [`TypedEvent`].
#[cfg(feature = "derive")]
pub use arbour_derive::Event;

pub use append::{Append, Appended, Expected};
pub use apply::SubEvent;
pub use counters::Counters;
pub use dead_letter::{DeadKind, DeadLetter};
pub use dispatch::{Dispatch, Dispatched};
pub use error::EventError;
pub use event::{Event, EventBuf, Metadata, NewEvent};
pub use event_collection::EventCollection;
pub use event_type::EventType;
pub use events::Events;
pub use events_builder::EventsBuilder;
pub use fold::{Folded, StreamSnapshots};
pub use head::Head;
pub use log::Log;
pub use model::{Model, Outbox, Transact};
pub use outcome::Outcome;
pub use phase::Phase;
pub use policy::FailurePolicy;
pub use projection::Projection;
pub use query::EventQuery;
pub use reader_control::ReaderControl;
pub use recorded::Recorded;
pub use status::{ProjectionStatus, VersionState};
#[cfg(feature = "tokio")]
pub use stream::{EventStream, SubscriptionStream};
pub use subscription::Subscription;
pub use tail::Tail;
#[doc(hidden)]
pub use typed_event::Form;
pub use typed_event::TypedEvent;

/// Decodes an entry of a log's tree; `None` if it is no event.
#[cfg(feature = "testing")]
pub(crate) fn stored_event<'a>(key: &[u8], value: &'a [u8]) -> Option<Event<'a>> {
    use crate::key::KeyPart as _;
    envelope::decode(u64::decode_part(key).ok()?, value).ok()
}
