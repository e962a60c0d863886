//! Reading packages from a Debian control file, as `apt-cache dumpavail` prints and dpkg keeps in
//! `/var/lib/dpkg/status`: records split by blank lines, a field a line, and lines that begin with
//! a blank continue the one before.

mod dependencies;
mod fault;
mod lines;
mod paragraph;
mod place;
mod records;

pub use fault::{BadRecord, Fault};
pub use place::Place;
pub use records::{Record, Records};
