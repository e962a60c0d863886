//! The engines, in the order in which every table and plot shows them.

/// An engine as the report knows it.
///
/// ```
/// use arbour_benches::report::ENGINES;
/// assert_eq!(ENGINES[0].raw_contender(), "redb-raw");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Engine {
    /// What its contender by Arbour is called, and its scheme in a URL.
    pub name: &'static str,
    /// What it calls itself.
    pub title: &'static str,
    /// Whether it keeps what it is given. One that does not is shown, but not ranked.
    pub is_persistent: bool,
}

/// Every engine.
pub const ENGINES: [Engine; 5] = [
    Engine { name: "redb", title: "redb", is_persistent: true },
    Engine { name: "sqlite", title: "SQLite", is_persistent: true },
    Engine { name: "sled", title: "sled", is_persistent: true },
    Engine { name: "rocksdb", title: "RocksDB", is_persistent: true },
    Engine { name: "memory", title: "memory", is_persistent: false },
];

impl Engine {
    /// Returns what its contender by its own API is called.
    ///
    /// ```
    /// # use arbour_benches::report::ENGINES;
    /// assert!(ENGINES.iter().all(|engine| engine.raw_contender().ends_with("-raw")));
    /// ```
    #[must_use]
    pub fn raw_contender(&self) -> String {
        format!("{}-raw", self.name)
    }
}
