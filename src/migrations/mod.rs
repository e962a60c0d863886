//! Changing what is stored, step by step, as a program changes.
//!
//! | to do | with |
//! |---|---|
//! | say what is changed | [`Step`], in a [`Group`] for each model |
//! | say what the program is | [`Migrations`], with what it makes of stores it does not fit |
//! | change it | [`Migrations::run`], when a store is opened |
//! | look first | [`Migrations::plan`], [`Migrations::dry_run`], [`Migrations::status`] |
//! | look afterwards | [`Migrations::verify`] |
//! | go back | [`Migrations::downgrade`] |
//! | begin with a store of before | [`Migrations::adopt`] |
//!
//! Steps work on trees of bytes, by name, through [`StepTrees`], and never by the program's own types: those
//! are of today, and steps are of their time. So one list of steps runs on every engine, and a step that is
//! right stays right. [`layout`] says what is stored.

mod adopt;
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
mod policy;
mod problem;
mod progress;
mod raw_trees;
mod record;
mod run;
mod source;
mod status;
mod step;
mod step_id;
mod step_trees;
mod target;
mod verify;

pub use dry_run::{DryRun, Tally, TreeChanges};
pub use error::{MigrationError, MigrationResult, StepPlace};
pub use group::Group;
pub use migrations::Migrations;
pub use plan::{Plan, PlannedStep};
pub use policy::{Access, Newer, Policy};
pub use problem::{Problem, ProblemKind};
pub use progress::Progress;
pub use record::{Counts, Record, RecordState};
pub use run::{Report, Run, StepReport};
pub use source::Source;
pub use status::{Status, StepStatus};
pub use step::Step;
pub use step_id::StepId;
pub use step_trees::{StepResult, StepTrees};
pub use target::Target;
pub use verify::Verification;
