//! What is promised of events beyond what the suite asks on every engine: the bytes they are stored as, what
//! is read and committed for it, waits, clocks, and what errors say.

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
#[cfg(test)]
mod waiting;
