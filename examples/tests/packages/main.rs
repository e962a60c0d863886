//! Tests of the example `packages`: how it reads a control file, and what the program prints, on
//! every persistent engine.

#[path = "../../packages/control/mod.rs"]
pub mod control;
#[path = "../../packages/package.rs"]
pub mod package;

#[cfg(test)]
mod bed;
#[cfg(test)]
mod importing;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod program;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod scrubbing;
#[cfg(test)]
mod searching;
