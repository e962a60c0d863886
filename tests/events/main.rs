//! Properties of events beyond those that the suite checks on every engine: their stored bytes, the
//! number of reads and commits, waits, clocks, and the texts of errors.

#[cfg(test)]
mod clocks;
#[cfg(test)]
mod counting;
#[cfg(test)]
mod growth;
#[cfg(test)]
mod idle;
#[cfg(test)]
mod layout;
#[cfg(test)]
mod texts;
#[cfg(feature = "derive")]
mod typed;
#[cfg(test)]
mod waiting;
