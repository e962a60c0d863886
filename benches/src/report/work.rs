//! The kinds of work: what is measured, its name, and how it is shown. Benchmarks and report both
//! read this, so that they cannot diverge.

use arbour_core::Durability;

use super::engine::Engine;
use super::number;

/// A kind of work.
///
/// ```
/// use arbour_benches::report::works::GET;
/// assert_eq!(GET.group, "get");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// Criterion's name of its group.
    pub group: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What exactly is timed.
    pub what: &'static str,
    /// What is counted, in the plural.
    pub unit: &'static str,
    /// The axis, if it is measured more than once.
    pub axis: Option<Axis>,
    /// What its commits survive, if it commits.
    pub durability: Option<Durability>,
    /// Whether the engine's own API does it too.
    pub has_raw: bool,
}

/// The axis of a kind of work.
///
/// ```
/// assert_eq!(arbour_benches::report::Axis::ValueBytes.label(65_536), "64 KiB");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// How many entries the store holds.
    Entries,
    /// How long the values are.
    ValueBytes,
    /// How many threads do it at once.
    Threads,
}

impl Axis {
    /// Returns the meaning of its numbers.
    ///
    /// ```
    /// # use arbour_benches::report::Axis;
    /// assert_eq!(Axis::Threads.title(), "threads");
    /// ```
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Entries => "entries in the store",
            Self::ValueBytes => "length of a value",
            Self::Threads => "threads",
        }
    }

    /// Formats a number along it.
    ///
    /// ```
    /// # use arbour_benches::report::Axis;
    /// assert_eq!(Axis::Entries.label(100_000), "100 k");
    /// ```
    #[must_use]
    pub fn label(self, parameter: u64) -> String {
        match self {
            Self::Entries => number::short_count(parameter),
            Self::ValueBytes => number::bytes(parameter),
            Self::Threads => parameter.to_string(),
        }
    }
}

impl Work {
    /// Tells whether an engine does this work. An engine that is not persistent makes no durable
    /// commits: beside the others it would merely look fast.
    ///
    /// ```
    /// use arbour_benches::report::{ENGINES, works};
    /// let memory = ENGINES.iter().find(|engine| engine.name == "memory").unwrap();
    /// assert!(works::GET.suits(memory));
    /// assert!(!works::COMMIT_POWER_LOSS.suits(memory));
    /// ```
    #[must_use]
    pub fn suits(&self, engine: &Engine) -> bool {
        engine.is_persistent || self.durability.is_none_or(|level| level == Durability::None)
    }
}

/// Single reads.
pub const GET: Work = Work {
    group: "get",
    title: "Get",
    what: "1,000 keys in an order that no cache foresees, one after another in one snapshot.",
    unit: "gets",
    axis: Some(Axis::Entries),
    durability: None,
    has_raw: true,
};

/// Many keys in one call.
pub const MULTI_GET: Work = Work {
    group: "multi-get",
    title: "Multi-get",
    what: "The same keys in calls of 100, in a store of 100,000 entries.",
    unit: "gets",
    axis: None,
    durability: None,
    has_raw: true,
};

/// Every entry in order.
pub const SCAN: Work = Work {
    group: "scan",
    title: "Scan",
    what: "Every entry of the store in order.",
    unit: "entries",
    axis: Some(Axis::Entries),
    durability: None,
    has_raw: true,
};

/// The entries of a prefix.
pub const PREFIX_SCAN: Work = Work {
    group: "prefix-scan",
    title: "Prefix scan",
    what: "The 100 entries of one prefix, 100 prefixes in one snapshot.",
    unit: "scans",
    axis: None,
    durability: None,
    has_raw: true,
};

/// Many entries at once.
pub const BULK_LOAD: Work = Work {
    group: "bulk-load",
    title: "Bulk load",
    what: "100,000 entries in order into a new store, in one transaction that survives the loss \
           of power.",
    unit: "entries",
    axis: None,
    durability: Some(Durability::PowerLoss),
    has_raw: true,
};

/// Small transactions with the highest durability.
pub const COMMIT_POWER_LOSS: Work = Work {
    group: "commit-power-loss",
    title: "Small transactions that survive the loss of power",
    what: "A transaction of 10 puts, flushed to the device when it returns.",
    unit: "commits",
    axis: None,
    durability: Some(Durability::PowerLoss),
    has_raw: true,
};

/// Small transactions that survive the process.
pub const COMMIT_PROCESS_CRASH: Work = Work {
    group: "commit-process-crash",
    title: "Small transactions that survive the process",
    what: "A transaction of 10 puts, with the operating system when it returns.",
    unit: "commits",
    axis: None,
    durability: Some(Durability::ProcessCrash),
    has_raw: true,
};

/// Small transactions that may be lost.
pub const COMMIT_NONE: Work = Work {
    group: "commit-none",
    title: "Small transactions that may be lost",
    what: "A transaction of 10 puts that a later commit or a sync makes durable.",
    unit: "commits",
    axis: None,
    durability: Some(Durability::None),
    has_raw: true,
};

/// The rate of readers beside a writer.
pub const READERS_BESIDE_WRITER: Work = Work {
    group: "readers-beside-writer",
    title: "Readers beside a writer",
    what: "Threads that each take a snapshot and get 100 keys, again and again, while one more \
           thread commits single puts as durably as can be: what all readers reach together.",
    unit: "gets",
    axis: Some(Axis::Threads),
    durability: None,
    has_raw: true,
};

/// The rate of the writer beside readers.
pub const WRITER_BESIDE_READERS: Work = Work {
    group: "writer-beside-readers",
    title: "A writer beside readers",
    what: "The same, seen by the writer: its commits of one put that survive the loss of power, \
           over the number of threads that read.",
    unit: "commits",
    axis: Some(Axis::Threads),
    durability: Some(Durability::PowerLoss),
    has_raw: true,
};

/// Many durable writers, each with commits of its own.
pub const DURABLE_WRITERS: Work = Work {
    group: "durable-writers",
    title: "Durable writers",
    what: "Threads that each apply batches of one put that survive the loss of power: what all \
           reach together.",
    unit: "commits",
    axis: Some(Axis::Threads),
    durability: Some(Durability::PowerLoss),
    has_raw: true,
};

/// Many durable writers that share their commits.
pub const DURABLE_WRITERS_GROUPED: Work = Work {
    group: "durable-writers-grouped",
    title: "Durable writers with GroupCommit",
    what: "The same through GroupCommit: the writes that come during a commit share the next.",
    unit: "commits",
    axis: Some(Axis::Threads),
    durability: Some(Durability::PowerLoss),
    has_raw: false,
};

/// Reads of values of many lengths.
pub const VALUE_GET: Work = Work {
    group: "value-get",
    title: "Get by length of value",
    what: "Single gets in one snapshot, in a store of at most 32 MiB of values and 10,000 entries. \
           Only the ends of a value are looked at: an engine that lends it need not copy it.",
    unit: "gets",
    axis: Some(Axis::ValueBytes),
    durability: None,
    has_raw: true,
};

/// Writes of values of many lengths.
pub const VALUE_PUT: Work = Work {
    group: "value-put",
    title: "Put by length of value",
    what: "Batches of 10 puts over existing keys that survive the loss of power.",
    unit: "puts",
    axis: Some(Axis::ValueBytes),
    durability: Some(Durability::PowerLoss),
    has_raw: true,
};

/// Kinds of work that are shown together.
///
/// ```
/// use arbour_benches::report::TOPICS;
/// assert!(TOPICS.iter().all(|topic| !topic.works.is_empty()));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// Its heading.
    pub title: &'static str,
    /// Its kinds of work.
    pub works: &'static [Work],
}

/// Everything that is measured, the most important first.
pub const TOPICS: [Topic; 4] = [
    Topic { title: "Reading", works: &[GET, SCAN, MULTI_GET, PREFIX_SCAN] },
    Topic {
        title: "Writing",
        works: &[COMMIT_POWER_LOSS, COMMIT_PROCESS_CRASH, COMMIT_NONE, BULK_LOAD],
    },
    Topic {
        title: "Many threads",
        works: &[
            READERS_BESIDE_WRITER,
            WRITER_BESIDE_READERS,
            DURABLE_WRITERS,
            DURABLE_WRITERS_GROUPED,
        ],
    },
    Topic { title: "Length of values", works: &[VALUE_GET, VALUE_PUT] },
];
