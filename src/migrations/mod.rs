//! Changing stored data step by step as a program evolves.
//!
//! | to do | with |
//! |---|---|
//! | declare a change | [`Step`], in a [`Group`] for each model |
//! | declare the program | [`Migrations`], with its policies for stores that do not match |
//! | migrate a store | [`Migrations::run`], when a store is opened |
//! | preview | [`Migrations::plan`], [`Migrations::dry_run`], [`Migrations::status`] |
//! | verify | [`Migrations::verify`] |
//! | take back an unfinished migration | [`Migrations::abandon`], [`Step::undo_each`] |
//! | go back | [`Migrations::downgrade`] |
//! | let the earlier program come back | [`Step::compatible`] |
//! | adopt a store older than the journal | [`Migrations::adopt`] |
//!
//! Steps work on trees of bytes by name, through [`StepTrees`], and never on the program's own
//! types, which change over time while a step must not. One list of steps therefore runs on every
//! engine, and a correct step stays correct. [`layout`] describes what is stored.

mod abandon;
mod adopt;
mod allowed;
#[cfg(feature = "documents")]
mod documents;
mod downgrade;
mod dry_run;
mod error;
mod group;
mod journal;
pub mod layout;
mod lease;
#[expect(clippy::module_inception, reason = "the type is what the module is about")]
mod migrations;
mod perform;
mod plan;
mod problem;
mod progress;
#[cfg(feature = "documents")]
mod raw_transaction;
mod raw_trees;
mod record;
mod report;
mod run;
mod source;
mod status;
mod step;
mod step_id;
mod step_trees;
mod take_back;
mod target;
mod underway;
mod verify;
mod visit;

pub use error::{MigrationError, StepPlace};
pub use group::Group;
pub use migrations::Migrations;
pub use plan::Plan;
pub use problem::{Problem, ProblemKind};
pub use record::{Counts, Record, RecordState};
pub use report::{Report, StepReport, Tally, TreeChanges};
pub use run::Run;
pub use source::Source;
pub use status::{Status, StepStatus};
pub use step::Step;
pub use step_id::StepId;
pub use step_trees::StepTrees;
pub use target::Target;
