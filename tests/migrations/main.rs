//! Properties of migrations beyond those that the suite checks on every engine: their stored bytes,
//! and their use of memory.

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
