//! The machine and the software of a run.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use arbour_core::{Capabilities, Durability, Provision, Result};
use jiff::Timestamp;

use super::run::{EngineFacts, Fact, Run};
use super::version::engine_version;
use crate::machine;
use crate::roster::{self, Entrant};

/// How busy other programs may keep the machine before the page warns of it.
const BUSY_SHARE_MAX: f64 = 0.15;

/// Describes the run that is about to begin: the engines and the machine, with stores in that
/// folder. It watches for one second what else the machine is doing.
///
/// # Errors
/// The errors of an engine that is opened to read its capabilities.
///
/// ```
/// use arbour_benches::{report, roster};
/// # let folder = tempfile::tempdir().unwrap();
/// let run = report::describe_run(&roster::roster(), folder.path(), true)?;
/// assert_eq!(run.engines[0].name, "redb");
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub fn describe_run(entrants: &[Entrant], stores: &Path, quick: bool) -> Result<Run> {
    let mut engines = Vec::new();
    for entrant in entrants {
        let folder = stores.join(format!("asked-{}", entrant.name));
        if let Some(capabilities) = entrant.capabilities(&folder) {
            engines.push(engine_facts(&entrant.name, &capabilities?));
        }
    }
    let mount = mount(stores);
    let mut warnings = Vec::new();
    if mount.as_ref().is_some_and(|mount| ["tmpfs", "ramfs"].contains(&mount.kind.as_str())) {
        warnings.push(
            "The stores lie in memory, where a flush costs nothing: the durable figures are not \
             those of a device."
                .to_owned(),
        );
    }
    let busy = busy_share(Duration::from_secs(1)).unwrap_or(0.0);
    if busy > BUSY_SHARE_MAX {
        warnings.push(format!(
            "Other programs kept the processors {:.0} % busy when the run began: its figures are \
             worth little.",
            busy * 100.0
        ));
    }
    let mut facts = vec![Fact::new("machine", machine::describe())];
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    if let Some(memory) = memory(&read("/proc/meminfo")) {
        facts.push(Fact::new("memory", memory));
    }
    let kernel = read("/proc/sys/kernel/osrelease");
    if !kernel.is_empty() {
        facts.push(Fact::new("kernel", format!("kernel {}", kernel.trim())));
    }
    if let Some(mount) = mount {
        facts.push(Fact::new("stores on", format!("{} on {}", mount.kind, mount.device)));
    }
    Ok(Run {
        started: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        quick,
        arbour: env!("CARGO_PKG_VERSION").to_owned(),
        machine: facts,
        engines,
        warnings,
    })
}

fn engine_facts(name: &str, capabilities: &Capabilities) -> EngineFacts {
    let by = |provision| match provision {
        Provision::Native => "its own",
        Provision::Layered => "by Arbour",
    };
    let settings = roster::durability_settings(name);
    let durability = Durability::ALL.into_iter().zip(settings).map(|(level, setting)| {
        let gives = match capabilities.effective_durability(level) {
            None => "nothing is kept".to_owned(),
            Some(given) if given == level => setting.to_owned(),
            Some(given) => format!("{setting} (gives {})", given.to_string().replace('-', " ")),
        };
        Fact::new(level.to_string().replace('-', " "), gives)
    });
    EngineFacts {
        name: name.to_owned(),
        version: engine_version(name),
        provision: format!(
            "Snapshots {}, transactions {}.",
            by(capabilities.snapshots),
            by(capabilities.transactions)
        ),
        durability: durability.collect(),
    }
}

/// A file system and its device.
struct Mount {
    device: String,
    kind: String,
}

/// Finds the file system and device of a folder; `None` if the system does not provide it.
fn mount(folder: &Path) -> Option<Mount> {
    let folder = folder.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        Some((fields.next()?, fields.next()?, fields.next()?))
    });
    let around = mounts.filter(|(_, at, _)| folder.starts_with(at));
    // If two are mounted at the same path, the later one hides the other, and `max_by_key` takes
    // it.
    let (device, _, kind) = around.max_by_key(|(_, at, _)| at.len())?;
    Some(Mount { device: device.to_owned(), kind: kind.to_owned() })
}

fn memory(meminfo: &str) -> Option<String> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(format!("{:.0} GiB of memory", kibibytes / 1_048_576.0))
}

/// Watches for a while what share of their time the processors work; `None` if the system does not
/// provide it. This thread sleeps meanwhile, so it is the work of others.
fn busy_share(watch: Duration) -> Option<f64> {
    let ticks = || processor_ticks(&fs::read_to_string("/proc/stat").ok()?);
    let (idle_before, all_before) = ticks()?;
    thread::sleep(watch);
    let (idle, all) = ticks()?;
    let (idle, all) = (idle.checked_sub(idle_before)?, all.checked_sub(all_before)?);
    (all > 0).then(|| 1.0 - idle as f64 / all as f64)
}

/// Returns the idle ticks of the processors, and all ticks.
fn processor_ticks(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> = line.split_whitespace().map_while(|tick| tick.parse().ok()).collect();
    // The fourth and fifth are idle and waiting for a device; the ninth and tenth are included in
    // the first.
    let idle = ticks.iter().skip(3).take(2).sum();
    Some((idle, ticks.iter().take(8).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_read_from_the_systems_files() {
        assert_eq!(memory("MemTotal: 16777216 kB\n").unwrap(), "16 GiB of memory");
        assert_eq!(processor_ticks("cpu  10 0 20 60 10 0 0 0 0 0\ncpu0 1"), Some((70, 100)));
        assert_eq!(memory(""), None);
        assert_eq!(processor_ticks(""), None);
    }
}
