//! The kinds of work by which a person chooses an engine.

use super::figure::Figures;
use super::ranking::{Place, places};
use super::work::{
    BULK_LOAD, COMMIT_NONE, COMMIT_POWER_LOSS, COMMIT_PROCESS_CRASH, DURABLE_WRITERS,
    DURABLE_WRITERS_GROUPED, GET, MULTI_GET, PREFIX_SCAN, READERS_BESIDE_WRITER, SCAN, VALUE_GET,
    VALUE_PUT, WRITER_BESIDE_READERS, Work,
};

/// A row of the table on top.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    title: &'static str,
    pub(crate) work: Work,
    /// The position on the axis: the first of these that was measured.
    parameters: &'static [u64],
}

const fn choice(title: &'static str, work: Work, parameters: &'static [u64]) -> Choice {
    Choice { title, work, parameters }
}

/// Every row, the most important first.
pub(crate) const CHOICES: [Choice; 16] = [
    choice("Get", GET, &[100_000, 10_000]),
    choice("Get in a large store", GET, &[1_000_000]),
    choice("Multi-get, 100 keys a call", MULTI_GET, &[]),
    choice("Scan", SCAN, &[100_000, 10_000]),
    choice("Prefix scan of 100", PREFIX_SCAN, &[]),
    choice("Transaction of 10 puts, survives power loss", COMMIT_POWER_LOSS, &[]),
    choice("Transaction of 10 puts, survives the process", COMMIT_PROCESS_CRASH, &[]),
    choice("Transaction of 10 puts, may be lost", COMMIT_NONE, &[]),
    choice("Bulk load, survives power loss", BULK_LOAD, &[]),
    choice("Gets beside a durable writer", READERS_BESIDE_WRITER, &[4]),
    choice("Durable commits beside readers", WRITER_BESIDE_READERS, &[4]),
    choice("Durable commits of one put", DURABLE_WRITERS, &[1]),
    choice("Durable commits of one put", DURABLE_WRITERS, &[16]),
    choice("Durable commits with GroupCommit", DURABLE_WRITERS_GROUPED, &[16]),
    choice("Get of a large value", VALUE_GET, &[65_536]),
    choice("Put of a large value, survives power loss", VALUE_PUT, &[65_536]),
];

impl Choice {
    /// Returns its position on the axis: the first of its positions that has figures.
    fn parameter(&self, figures: &Figures) -> Option<u64> {
        let measured = figures.parameters(self.work.group);
        let found = self.parameters.iter().find(|parameter| measured.contains(parameter));
        found.or(self.parameters.first()).copied()
    }

    /// Names the work and the position on its axis.
    pub(crate) fn label(&self, figures: &Figures) -> String {
        match (self.work.axis, self.parameter(figures)) {
            (Some(axis), Some(parameter)) => {
                let unit = match axis {
                    super::Axis::Entries => " entries",
                    super::Axis::ValueBytes => "",
                    super::Axis::Threads if parameter == 1 => " thread",
                    super::Axis::Threads => " threads",
                };
                format!("{}, {}{unit}", self.title, axis.label(parameter))
            }
            _ => self.title.to_owned(),
        }
    }

    pub(crate) fn places(&self, figures: &Figures) -> Vec<Place> {
        places(figures, &self.work, self.parameter(figures))
    }
}
