//! What is promised of migrations beyond what the suite asks on every engine: the bytes they are stored as, and
//! what they hold in memory.

#[cfg(test)]
mod collections;
#[cfg(test)]
mod layout;
#[cfg(test)]
#[path = "../transfer/limited.rs"]
mod limited;
#[cfg(test)]
mod memory;
#[cfg(test)]
#[path = "../transfer/noise.rs"]
mod noise;
#[cfg(test)]
mod room;
