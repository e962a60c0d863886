//! Damaging the files of stores that were closed, or whose process was killed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::check::{Purpose, Task, remove};
use crate::engine::Engine;
use crate::harness::{Harness, Promise, Run, copy};
use crate::outcome::Finding;
use crate::random::Random;
use crate::recorder::Meddling;
use crate::table::{Fault, Table};
use crate::workload::{BACKUP, Life, STORE};
use crate::{Error, Result};

const SECTOR: usize = 512;

/// The pages of most engines.
const PAGE: usize = 4096;

/// The description of a page is within its first bytes.
const PAGE_HEAD: usize = 128;

/// How many faults are tried until one of them changes a file.
const TRIES: usize = 20;

/// Damages copies of a closed store and of a killed one, as the seed chooses, and checks each copy.
///
/// # Errors
/// Whatever keeps the harness from working.
pub fn run(harness: &mut Harness, engine: &Engine, table: &mut Table) -> Result<()> {
    let killed = harness.live(engine, &[Life::Create], None, Meddling::None)?;
    let closed = harness.live(engine, &[Life::Create, Life::Resume], None, Meddling::None)?;
    let promise = Promise::of(&closed.recording);
    let (least, most) = (promise.begun, promise.begun);
    let closed_faults = [
        (&closed, least, most, Fault::DamageClosed),
        (&closed, least, most, Fault::DamageClosedVerified),
    ];
    let promise = Promise::of(&killed.recording);
    let (least, most) = (promise.process_crash, promise.begun);
    let killed_faults = [
        (&killed, least, most, Fault::DamageKilled),
        (&killed, least, most, Fault::DamageKilledVerified),
    ];
    let faults: Vec<_> = closed_faults
        .into_iter()
        .chain(killed_faults)
        .filter(|(.., fault)| engine.verifies || !is_verified(*fault))
        .collect();
    let mut random = Random::new(harness.extent().seed, "damage");
    for number in 0..harness.extent().damage {
        let place = number as usize % faults.len();
        let Some((run, least, most, fault)) = faults.get(place).copied() else { continue };
        let finding = damage(harness, engine, run, (least, most), fault, &mut random)?;
        table.add(engine.name, fault, finding);
    }
    Harness::forget(&killed);
    Harness::forget(&closed);
    Ok(())
}

fn is_verified(fault: Fault) -> bool {
    matches!(fault, Fault::DamageClosedVerified | Fault::DamageKilledVerified)
}

fn damage(
    harness: &mut Harness,
    engine: &Engine,
    run: &Run,
    (least, most): (u64, u64),
    fault: Fault,
    random: &mut Random,
) -> Result<Finding> {
    let root = harness.new_path();
    copy(&run.root, &root)?;
    remove(&root.join(BACKUP));
    let files = files_of(&root)?;
    let mut done = String::new();
    for _ in 0..TRIES {
        let Some((file, content)) = choose(&files, random) else { break };
        let (damaged, what) = damaged(content, random);
        let name = file.strip_prefix(&root).unwrap_or(file).display();
        done = format!("{what} of {name}, which has {} bytes", content.len());
        if damaged != *content {
            fs::write(file, damaged).map_err(Error::at(file))?;
            break;
        }
    }
    let purpose = if is_verified(fault) { Purpose::VerifiedDamage } else { Purpose::Damage };
    let path = root.join(STORE);
    let engine = engine.name.to_owned();
    let finding = harness.check(&Task { purpose, engine, path, least, most })?;
    remove(&root);
    Ok(finding.within(&done))
}

type Files = Vec<(PathBuf, Vec<u8>)>;

fn files_of(folder: &Path) -> Result<Files> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::at(folder))? {
        let path = entry.map_err(Error::at(folder))?.path();
        if path.is_dir() {
            files.extend(files_of(&path)?);
        } else {
            let content = fs::read(&path).map_err(Error::at(&path))?;
            files.push((path, content));
        }
    }
    // The order in which a folder is read depends on the system.
    files.sort();
    Ok(files)
}

/// Chooses a file: larger ones more often, but none so rarely that it is never chosen.
fn choose<'f>(files: &'f Files, random: &mut Random) -> Option<&'f (PathBuf, Vec<u8>)> {
    let all: usize = files.iter().map(|(_, content)| content.len()).sum();
    let weight = |content: &Vec<u8>| {
        if content.is_empty() { 0 } else { content.len().max(all / 16) }
    };
    let mut left = random.index(files.iter().map(|(_, content)| weight(content)).sum());
    files.iter().find(|(_, content)| {
        let is_chosen = left < weight(content);
        left = left.saturating_sub(weight(content));
        is_chosen
    })
}

/// Flips a bit, zeroes a sector, or cuts the end off. Also returns a description of the damage.
fn damaged(content: &[u8], random: &mut Random) -> (Vec<u8>, String) {
    let mut damaged = content.to_vec();
    // The beginnings of files and pages are chosen more often than the values that fill them.
    let mut at = random.index(content.len());
    match random.below(4) {
        0 => at %= PAGE,
        1 | 2 => at = at / PAGE * PAGE + at % PAGE_HEAD,
        _ => {}
    }
    let at = at.min(content.len().saturating_sub(1));
    let what = match random.below(4) {
        0 => {
            let from = at / SECTOR * SECTOR;
            let sector_end = (from + SECTOR).min(content.len());
            damaged.get_mut(from..sector_end).unwrap_or_default().fill(0);
            format!("zeroed bytes {from}..{sector_end}")
        }
        1 => {
            let at = if random.one_in(2) { at / SECTOR * SECTOR } else { at };
            damaged.truncate(at);
            format!("cut at byte {at}")
        }
        _ => {
            let bit = random.below(8);
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= 1 << bit;
            }
            format!("flipped bit {bit} of byte {at}")
        }
    };
    (damaged, what)
}
