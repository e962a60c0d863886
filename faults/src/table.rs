//! The outcomes of a run: engine by fault by outcome.

use std::collections::BTreeMap;
use std::fmt;

use crate::outcome::{Finding, Outcome};

/// How many bad findings are shown for each engine, fault and outcome.
const EXAMPLES: usize = 3;

/// What was done to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Its process was killed.
    Kill,
    /// Power was lost.
    PowerLoss,
    /// A system call failed or was short; then power was lost.
    FailingCall,
    /// A closed store was damaged.
    DamageClosed,
    /// A closed store was damaged, and checked when it was opened.
    DamageClosedVerified,
    /// The store of a killed process was damaged.
    DamageKilled,
    /// The store of a killed process was damaged, and checked when it was opened.
    DamageKilledVerified,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Kill => "killed",
            Self::PowerLoss => "power lost",
            Self::FailingCall => "a call failed",
            Self::DamageClosed => "damaged, closed",
            Self::DamageClosedVerified => "damaged, closed, verified",
            Self::DamageKilled => "damaged, killed",
            Self::DamageKilledVerified => "damaged, killed, verified",
        })
    }
}

/// The findings of a run, counted.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// In the order in which engines were added.
    engines: Vec<String>,
    cells: BTreeMap<(usize, Fault, Outcome), Cell>,
}

#[derive(Clone, Debug, Default)]
struct Cell {
    count: u64,
    examples: Vec<String>,
}

impl Table {
    /// Counts a finding.
    pub fn add(&mut self, engine: &str, fault: Fault, finding: Finding) {
        let known = self.engines.iter().position(|name| name == engine);
        let place = known.unwrap_or_else(|| {
            self.engines.push(engine.to_owned());
            self.engines.len() - 1
        });
        let cell = self.cells.entry((place, fault, finding.outcome)).or_default();
        cell.count += 1;
        if finding.outcome != Outcome::Right && cell.examples.len() < EXAMPLES {
            cell.examples.push(finding.text);
        }
    }

    /// Returns how often a fault had an outcome.
    #[must_use]
    pub fn count(&self, engine: &str, fault: Fault, outcome: Outcome) -> u64 {
        let place = self.engines.iter().position(|name| name == engine);
        let cell = place.and_then(|place| self.cells.get(&(place, fault, outcome)));
        cell.map_or(0, |cell| cell.count)
    }

    /// Returns how often a fault was injected.
    #[must_use]
    pub fn total(&self, engine: &str, fault: Fault) -> u64 {
        Outcome::ALL.iter().map(|outcome| self.count(engine, fault, *outcome)).sum()
    }

    /// Returns the table's rows: engine and fault.
    fn rows(&self) -> Vec<(usize, Fault)> {
        let mut rows: Vec<_> =
            self.cells.keys().map(|(engine, fault, _)| (*engine, *fault)).collect();
        rows.dedup();
        rows
    }
}

impl fmt::Display for Table {
    /// Formats the table in Markdown, followed by examples of bad findings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| {:<21} | {:<25} | {:>6} |", "engine", "fault", "total")?;
        Outcome::ALL.iter().try_for_each(|outcome| write!(f, " {outcome:>15} |"))?;
        write!(f, "\n|{:-<23}|{:-<27}|{:->7}:|", "", "", "")?;
        Outcome::ALL.iter().try_for_each(|_| write!(f, "{:->16}:|", ""))?;
        for (place, fault) in self.rows() {
            let engine = self.engines.get(place).map_or("", String::as_str);
            write!(f, "\n| {engine:<21} | {fault:<25} | {:>6} |", self.total(engine, fault))?;
            for outcome in Outcome::ALL {
                write!(f, " {:>15} |", self.count(engine, fault, outcome))?;
            }
        }
        writeln!(f)?;
        for ((place, fault, outcome), cell) in &self.cells {
            let engine = self.engines.get(*place).map_or("", String::as_str);
            for example in &cell.examples {
                write!(f, "\n- {engine}, {fault}, {outcome}: {example}")?;
            }
        }
        Ok(())
    }
}
