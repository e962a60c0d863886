//! The store for async programs: what it promises about shared commits, dropped futures, limits, panics,
//! shutting down and streams, on every engine that is built in.

#[cfg(test)]
mod bed;
#[cfg(test)]
mod dropping;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod grouping;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod panics;
#[cfg(test)]
mod retrying;
#[cfg(test)]
mod runtimes;
#[cfg(test)]
mod shutting_down;
#[cfg(test)]
mod streams;
