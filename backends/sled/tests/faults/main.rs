//! Stores in trouble: killed, without power, damaged, moved.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what helps a test may panic as the test may"
)]

mod bed;
mod closing;
mod damage;
mod damaged_files;
mod place;
mod power_loss;
