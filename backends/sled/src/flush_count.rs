//! How many flushes were to survive the loss of power.
//!
//! sled takes a log that is damaged for one that ends there, and starts with what is before. So
//! each durable flush ends with a record of its own in sled's log, the number of such flushes so
//! far, and once it is on the device the [seal](crate::seal) says the same number. A log in which
//! sled finds a lower one has lost commits.

use arbour_core::Result;

use crate::error;

const KEY: &str = "flushes";

/// The number of durable flushes since the store was created.
pub(crate) struct FlushCount {
    count: u64,
}

impl FlushCount {
    /// Reads the number that sled found in its log: zero in a store of an earlier version.
    pub(crate) fn read(sled: &sled::Db) -> sled::Result<Self> {
        let bytes = sled.get(KEY)?;
        let count =
            bytes.and_then(|bytes| Some(u64::from_le_bytes(bytes.as_ref().try_into().ok()?)));
        Ok(Self { count: count.unwrap_or(0) })
    }

    /// Checks that sled found every flush that the seal knows of.
    pub(crate) fn check(&self, noted: u64) -> Result<()> {
        if self.count >= noted {
            return Ok(());
        }
        let found = self.count;
        Err(error::damaged(format!(
            "durable commits are missing: {noted} durable flushes were made, the log ends at {found}"
        )))
    }

    pub(crate) fn get(&self) -> u64 {
        self.count
    }

    /// Counts one more flush and hands the number to sled's log, behind everything that the flush
    /// is to make durable.
    pub(crate) fn increment(&mut self, sled: &sled::Db) -> sled::Result<()> {
        self.count += 1;
        sled.insert(KEY, &self.count.to_le_bytes()).map(drop)
    }
}
