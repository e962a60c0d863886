//! The growth of an engine's own API, which shows how much of a growth is the engine's.

use std::collections::BTreeMap;
use std::hint::black_box;

use arbour_core::{Durability, Result};

use super::SIZES;
use crate::comparison::time;
use crate::contender::Contender as _;
use crate::scratch::Scratch;
use crate::subject::Native;
use crate::workload::{entries, key, random_entries, rewritten};

/// How many keys are read.
const READS: usize = 2_000;

/// The number of entries overwritten in one batch.
const PUTS: u64 = 200;

/// Gets keys with the engine's own API, in stores with more and more entries.
pub(super) fn get<N: Native>(rounds: usize) -> Result<Vec<(u64, f64)>> {
    let scratch = Scratch::new()?;
    let mut costs = Vec::new();
    for size in SIZES {
        let raw = N::create_raw(&scratch.store("raw")?)?;
        raw.put(&entries(size), Durability::None)?;
        raw.settle()?;
        let keys: Vec<_> = random_entries(size, READS).into_iter().map(key).collect();
        let mut best = f64::INFINITY;
        for _ in 0..=rounds {
            let taken = time(|| raw.gets(&keys))?;
            best = best.min(taken.as_nanos() as f64 / READS as f64);
        }
        costs.push((size, best));
    }
    Ok(costs)
}

/// Overwrites random entries, in repeated batches, as documents are overwritten.
pub(super) fn put_over<N: Native>(rounds: usize) -> Result<Vec<(u64, f64)>> {
    let scratch = Scratch::new()?;
    let mut costs = Vec::new();
    for size in SIZES {
        let raw = N::create_raw(&scratch.store("raw")?)?;
        let entries = entries(size);
        raw.put(&entries, Durability::None)?;
        raw.settle()?;
        let places = (0..PUTS).map(|number| (number * 7_919 % size) as usize);
        let over: Vec<_> = places.filter_map(|place| entries.get(place).cloned()).collect();
        // Another value each time, because SQLite would otherwise do nothing.
        let others = rewritten(&over, 1);
        let mut put = || {
            raw.apply(&over, Durability::None)?;
            raw.apply(&others, Durability::None)
        };
        let mut best = f64::INFINITY;
        for _ in 0..=rounds {
            let work = super::time_steady(2 * PUTS, &mut put)?;
            best = best.min(work.taken.as_nanos() as f64 / work.operations as f64);
        }
        costs.push((size, best));
    }
    Ok(costs)
}

/// Puts entries in one batch, in stores of their own.
pub(super) fn batch<N: Native>(rounds: usize) -> Result<Vec<(u64, f64)>> {
    let scratch = Scratch::new()?;
    let mut costs = Vec::new();
    for size in SIZES {
        let entries = entries(size);
        let mut best = f64::INFINITY;
        for round in 0..=rounds.max(5) {
            let raw = N::create_raw(&scratch.store("raw")?.with_extension(round.to_string()))?;
            let taken = super::time(size, || raw.apply(&entries, Durability::None))?.taken;
            best = best.min(taken.as_nanos() as f64 / size as f64);
        }
        costs.push((size, best));
    }
    Ok(costs)
}

/// Gets keys from a map of the standard library: the cost of more entries where nothing else is
/// done.
pub(super) fn map_get(rounds: usize) -> Result<Vec<(u64, f64)>> {
    let mut costs = Vec::new();
    for size in SIZES {
        let map: BTreeMap<_, _> = (0..size).map(|number| (key(number), number)).collect();
        let keys: Vec<_> = random_entries(size, READS).into_iter().map(key).collect();
        let mut best = f64::INFINITY;
        for _ in 0..=rounds.max(5) {
            let taken = time(|| {
                keys.iter().for_each(|key| {
                    black_box(map.get(key));
                });
                Ok(())
            })?;
            best = best.min(taken.as_nanos() as f64 / READS as f64);
        }
        costs.push((size, best));
    }
    Ok(costs)
}
