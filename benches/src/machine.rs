//! The machine a figure was measured on.

use std::fs;
use std::thread;

/// Describes the machine in a line: processor, cores, operating system.
///
/// ```
/// assert!(arbour_benches::machine::describe().contains("cores"));
/// ```
#[must_use]
pub fn describe() -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        line.split_once(':').map(|(_, model)| model.trim().to_owned())
    });
    let model = model.unwrap_or_else(|| "unknown processor".to_owned());
    format!("{model}, {cores} cores, {} {}", std::env::consts::OS, std::env::consts::ARCH)
}
