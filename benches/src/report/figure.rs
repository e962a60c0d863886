//! The measurements of criterion.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use walkdir::{DirEntry, WalkDir};

use super::at;

/// The time of one operation: the median of criterion's samples and its 95 % interval.
///
/// ```
/// use arbour_benches::report::Figure;
/// let figure = Figure { nanoseconds: 500.0, low: 490.0, high: 510.0, measured: None };
/// assert_eq!(figure.rate(), 2e6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// Nanoseconds per operation.
    pub nanoseconds: f64,
    /// The lower end of the interval, in nanoseconds.
    pub low: f64,
    /// The upper end of the interval, in nanoseconds.
    pub high: f64,
    /// When the file was written, if the system knows.
    pub measured: Option<Timestamp>,
}

impl Figure {
    /// Returns the number of operations per second.
    ///
    /// ```
    /// # use arbour_benches::report::Figure;
    /// let figure = Figure { nanoseconds: 1e9, low: 1e9, high: 1e9, measured: None };
    /// assert_eq!(figure.rate(), 1.0);
    /// ```
    #[must_use]
    pub fn rate(&self) -> f64 {
        1e9 / self.nanoseconds
    }
}

/// The group, the contender, and the parameter if the work has one.
type Id = (String, String, Option<u64>);

/// Every figure of a folder of criterion.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// let figures = arbour_benches::report::Figures::read(folder.path())?;
/// assert!(figures.get("get", "redb", Some(100_000)).is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Figures {
    by_id: BTreeMap<Id, Figure>,
    unreadable: Vec<PathBuf>,
}

impl Figures {
    /// Reads the newest estimates of each benchmark. An absent folder has none;
    /// [`unreadable`](Self::unreadable) lists files that an interrupted run left incomplete.
    ///
    /// # Errors
    /// What the file system reports, with the path.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// let figures = arbour_benches::report::Figures::read(&folder.path().join("nothing"))?;
    /// assert!(figures.is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut figures = Self::default();
        if !folder.exists() {
            return Ok(figures);
        }
        for entry in WalkDir::new(folder).sort_by_file_name() {
            let entry = entry?;
            if is_newest_benchmark(&entry) {
                figures.add(entry.path())?;
            }
        }
        Ok(figures)
    }

    fn add(&mut self, benchmark: &Path) -> io::Result<()> {
        let estimates = benchmark.with_file_name("estimates.json");
        let read = (parse::<Benchmark>(benchmark)?, parse::<Estimates>(&estimates)?);
        let (Some(benchmark), Some(Estimates { median })) = read else {
            self.unreadable.push(estimates);
            return Ok(());
        };
        // Another program's benchmark, which this report does not know.
        let Some(contender) = benchmark.function_id else { return Ok(()) };
        let parameter = match benchmark.value_str.map(|value| value.parse()) {
            None => None,
            Some(Ok(parameter)) => Some(parameter),
            Some(Err(_)) => return Ok(()),
        };
        let operations = match benchmark.throughput {
            Some(Throughput::Elements { elements }) => elements.max(1) as f64,
            Some(Throughput::Other(_)) | None => 1.0,
        };
        let modified = fs::metadata(&estimates).and_then(|metadata| metadata.modified()).ok();
        let figure = Figure {
            nanoseconds: median.point_estimate / operations,
            low: median.confidence_interval.lower_bound / operations,
            high: median.confidence_interval.upper_bound / operations,
            measured: modified.and_then(|modified| Timestamp::try_from(modified).ok()),
        };
        self.by_id.insert((benchmark.group_id, contender, parameter), figure);
        Ok(())
    }

    /// Returns the figure of a contender for a work; `None` if it was not measured.
    ///
    /// ```
    /// # use arbour_benches::report::Figures;
    /// assert!(Figures::default().get("multi-get", "redb", None).is_none());
    /// ```
    #[must_use]
    pub fn get(&self, group: &str, contender: &str, parameter: Option<u64>) -> Option<Figure> {
        self.by_id.get(&(group.to_owned(), contender.to_owned(), parameter)).copied()
    }

    /// Returns the parameters a work was measured with, ascending.
    ///
    /// ```
    /// # use arbour_benches::report::Figures;
    /// assert!(Figures::default().parameters("get").is_empty());
    /// ```
    #[must_use]
    pub fn parameters(&self, group: &str) -> Vec<u64> {
        let ids = self.by_id.keys().filter(|(of, ..)| of == group);
        let mut parameters: Vec<u64> = ids.filter_map(|(.., parameter)| *parameter).collect();
        parameters.sort_unstable();
        parameters.dedup();
        parameters
    }

    /// Returns when the oldest and the newest figure were measured.
    ///
    /// ```
    /// # use arbour_benches::report::Figures;
    /// assert!(Figures::default().period().is_none());
    /// ```
    #[must_use]
    pub fn period(&self) -> Option<(Timestamp, Timestamp)> {
        let times = || self.by_id.values().filter_map(|figure| figure.measured);
        Some((times().min()?, times().max()?))
    }

    /// Returns the files that an interrupted run left incomplete.
    ///
    /// ```
    /// # use arbour_benches::report::Figures;
    /// assert!(Figures::default().unreadable().is_empty());
    /// ```
    #[must_use]
    pub fn unreadable(&self) -> &[PathBuf] {
        &self.unreadable
    }

    /// Returns how many figures there are.
    ///
    /// ```
    /// # use arbour_benches::report::Figures;
    /// assert_eq!(Figures::default().len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Tells whether there are none.
    ///
    /// ```
    /// # use arbour_benches::report::Figures;
    /// assert!(Figures::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

/// Criterion keeps older runs beside the newest, in folders of other names.
fn is_newest_benchmark(entry: &DirEntry) -> bool {
    entry.file_name() == "benchmark.json"
        && entry.path().parent().is_some_and(|folder| folder.ends_with("new"))
}

/// Reads a file; `None` if it is absent or malformed.
fn parse<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(path, &error)),
    }
}

/// The part of criterion's `benchmark.json` that is read.
#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Throughput {
    Elements {
        #[serde(rename = "Elements")]
        elements: u64,
    },
    Other(IgnoredAny),
}

/// The part of criterion's `estimates.json` that is read.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
    confidence_interval: ConfidenceInterval,
}

#[derive(Deserialize)]
struct ConfidenceInterval {
    lower_bound: f64,
    upper_bound: f64,
}
