//! Pins the stores of every version of a program, and proves that each can be migrated to the
//! newest.
//!
//! A released program leaves stores behind that its migrations have to support for ever. Pin one
//! store for each version, as text that is the same on every engine, and let a test run the
//! migrations over each:
//!
//! ```
//! use arbour::migrations::{Group, Migrations, Step, Target};
//! use arbour_conformance::MemoryFactory;
//! use arbour_conformance::migration_fixture::{MigrationFixture, Pinned};
//!
//! fn migrations() -> Migrations {
//!     Migrations::new("app", "2.0").group(
//!         Group::new("rooms")
//!             .step(Step::numbered(1).each("rooms", |trees, room, topic| {
//!                 Ok(trees.put("topics", room, topic)?)
//!             }))
//!             .step(Step::numbered(2).each("rooms", |trees, room, _| Ok(trees.delete("rooms", room)?))),
//!     )
//! }
//!
//! # fn main() -> arbour::Result<()> {
//! MigrationFixture::new(migrations)
//!     .version("1.0", Target::Nothing, Pinned::parse("rooms\tattic\tboxes\nrooms\tstudy\tbooks\n")?)
//!     .version("1.1", Target::number(1), Pinned::new().entry("rooms", b"a", b"").entry("topics", b"a", b""))
//!     .reaches("1.0", Pinned::parse("topics\tattic\tboxes\ntopics\tstudy\tbooks\n")?)
//!     .check(&MemoryFactory)
//! # }
//! ```
//!
//! [`MigrationFixture::check`] also breaks the store at every single operation, before and after a
//! commit takes effect, as if the process had died there, then runs the migrations again and
//! requires the same end.

mod fixture;
mod pinned;

pub use fixture::MigrationFixture;
pub(crate) use fixture::quick;
pub use pinned::Pinned;
pub(crate) use pinned::clear;
