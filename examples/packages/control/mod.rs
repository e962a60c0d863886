//! Reads packages from a Debian control file, as printed by `apt-cache dumpavail` and kept by dpkg
//! in `/var/lib/dpkg/status`: records are separated by blank lines, a field is a line, and lines
//! that begin with a space continue the field before.

mod dependencies;
mod fault;
mod lines;
mod paragraph;
mod place;
mod records;

pub use fault::{BadRecord, Fault};
pub use place::Place;
pub use records::{Record, Records};
