//! Whole stores moved from engine to engine, to dumps and back, on every engine this was compiled with.

#[cfg(test)]
mod bed;
#[cfg(test)]
mod copying;
#[cfg(test)]
mod dumping;
#[cfg(test)]
mod limited;
#[cfg(test)]
mod noise;
#[cfg(test)]
mod resuming;
#[cfg(test)]
mod room;
#[cfg(test)]
mod streaming;
#[cfg(all(test, feature = "documents"))]
mod upgrading;
