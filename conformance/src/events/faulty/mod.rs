//! The test of the suite for events: stores that are each wrong in one way that only events can
//! detect, and the case meant for each.
//!
//! An [`EventFault`] drops, delays or changes one kind of what the events layer writes, like an
//! implementation that forgot to write it, wrote it in another transaction, or in fewer bits. A
//! test fails unless the suite rejects each by the case that [`EventFault::case`] names.
//!
//! ```
//! use arbour_conformance::events::EventSuite;
//! use arbour_conformance::events::faulty::{EventFault, TamperedFactory};
//! use arbour_conformance::{Axis, run};
//! let (topic, name) = EventFault::KeyForgotten.case().split_once("::").unwrap();
//! let examined = std::panic::catch_unwind(|| {
//!     let factory = TamperedFactory::new(EventFault::KeyForgotten);
//!     run(&EventSuite, factory, Axis::Fixed, topic, name)
//! });
//! assert!(!matches!(examined, Ok(Ok(()))));
//! ```

mod fault;
mod store;
mod transaction;

pub use fault::EventFault;
pub use store::{Tampered, TamperedFactory};
pub use transaction::TamperedTransaction;
