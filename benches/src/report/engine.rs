//! The engines, in the order in which every table and plot shows them.

/// An engine as the report knows it.
///
/// ```
/// use arbour_benches::report::ENGINES;
/// assert_eq!(ENGINES[0].raw_contender(), "redb-raw");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Engine {
    /// The name of its contender with Arbour, and its scheme in a URL.
    pub name: &'static str,
    /// Its own name.
    pub title: &'static str,
    /// Whether it is persistent. An engine that is not is shown, but not ranked.
    pub is_persistent: bool,
}

/// Every engine.
pub const ENGINES: [Engine; 7] = [
    Engine { name: "redb", title: "redb", is_persistent: true },
    Engine { name: "sqlite", title: "SQLite", is_persistent: true },
    Engine { name: "sled", title: "sled", is_persistent: true },
    Engine { name: "fjall", title: "fjall", is_persistent: true },
    Engine { name: "lmdb", title: "LMDB", is_persistent: true },
    Engine { name: "rocksdb", title: "RocksDB", is_persistent: true },
    Engine { name: "memory", title: "memory", is_persistent: false },
];

impl Engine {
    /// Returns the name of its contender with its own API.
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
