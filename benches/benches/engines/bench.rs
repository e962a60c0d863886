//! One entrant's run through the kinds of work.

use std::path::Path;
use std::rc::Rc;

use arbour_benches::contender::Contender;
use arbour_benches::report::Work;
use arbour_benches::roster::Entrant;
use arbour_benches::workload::{self, Key, VALUE_BYTES};
use arbour_core::Result;
use criterion::{Bencher, BenchmarkId, Criterion, SamplingMode, Throughput};

use crate::scale::Scale;
use crate::stores::{StoreKey, Stores};

/// What is measured, how much of it, and where the figures go.
pub(crate) struct Bench<'b> {
    criterion: &'b mut Criterion,
    pub(crate) entrant: &'b Entrant,
    stores: &'b Stores,
    pub(crate) scale: Scale,
}

/// Where the stores of an entrant come from, without the means to measure.
pub(crate) struct Source<'b> {
    entrant: &'b Entrant,
    pub(crate) stores: &'b Stores,
}

impl<'b> Bench<'b> {
    pub(crate) fn new(
        criterion: &'b mut Criterion,
        entrant: &'b Entrant,
        stores: &'b Stores,
        scale: Scale,
    ) -> Self {
        Self { criterion, entrant, stores, scale }
    }

    /// Measures a kind of work that does `operations` each time, unless it does not suit the
    /// engine. The closure runs only if criterion's filter allows it, so stores are requested
    /// inside it.
    pub(crate) fn measure(
        &mut self,
        work: &Work,
        parameter: Option<u64>,
        operations: u64,
        run: impl FnMut(&mut Bencher<'_>, &Source<'_>),
    ) {
        self.measure_sampled(work, parameter, operations, SamplingMode::Auto, run);
    }

    /// Measures work that has to be told how often to run, or whose single runs take long: every
    /// sample runs it equally often.
    pub(crate) fn measure_flat(
        &mut self,
        work: &Work,
        parameter: Option<u64>,
        operations: u64,
        run: impl FnMut(&mut Bencher<'_>, &Source<'_>),
    ) {
        self.measure_sampled(work, parameter, operations, SamplingMode::Flat, run);
    }

    fn measure_sampled(
        &mut self,
        work: &Work,
        parameter: Option<u64>,
        operations: u64,
        mode: SamplingMode,
        mut run: impl FnMut(&mut Bencher<'_>, &Source<'_>),
    ) {
        if !work.suits(&self.entrant.engine) {
            return;
        }
        let source = Source { entrant: self.entrant, stores: self.stores };
        let mut group = self.criterion.benchmark_group(work.group);
        group.sampling_mode(mode).throughput(Throughput::Elements(operations));
        if matches!(mode, SamplingMode::Flat) {
            group.sample_size(10);
        }
        let name = &self.entrant.name;
        match parameter {
            None => group.bench_function(name, |bencher| run(bencher, &source)),
            Some(parameter) => group
                .bench_function(BenchmarkId::new(name, parameter), |bencher| run(bencher, &source)),
        };
        group.finish();
    }
}

impl Source<'_> {
    /// Returns the entrant's store of this many entries with values of the usual length.
    pub(crate) fn loaded(&self, entries: u64) -> Rc<dyn Contender> {
        self.loaded_with(entries, VALUE_BYTES)
    }

    /// Returns the entrant's store of this many entries with values of this length.
    pub(crate) fn loaded_with(&self, entries: u64, value_bytes: usize) -> Rc<dyn Contender> {
        let contender = self.entrant.name.clone();
        let key = StoreKey { contender, entries, value_bytes };
        self.stores.get(&key, |path| self.entrant.make(path))
    }

    /// Returns the entrant's loaded store whose batches share their commits.
    pub(crate) fn loaded_grouped(&self, entries: u64) -> Rc<dyn Contender> {
        let contender = format!("{}, grouped", self.entrant.name);
        let key = StoreKey { contender, entries, value_bytes: VALUE_BYTES };
        let make = |path: &Path| -> Result<Box<dyn Contender>> {
            self.entrant.make_grouped(path).expect("only Arbour is asked for groups")
        };
        self.stores.get(&key, make)
    }

    /// Makes an empty store of the entrant.
    pub(crate) fn empty(&self) -> Box<dyn Contender> {
        self.entrant.make(&self.stores.new_path()).expect("a new store opens")
    }
}

/// Returns `count` keys of a store of this many entries in an order that caches cannot predict.
pub(crate) fn random_keys(entries: u64, count: usize) -> Vec<Key> {
    workload::random_entries(entries, count).into_iter().map(workload::key).collect()
}
