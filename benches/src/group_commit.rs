//! What writers of many threads gain by sharing their commits.

use std::time::Duration;

use arbour::GroupCommit;
use arbour_core::{Durability, Result, StoreOptions};

use crate::Arbour;
use crate::Slowed;
use crate::comparison::{Bound, Comparison, Row, Scale};
use crate::contender::Contender;
use crate::scratch::Scratch;
use crate::subject::{Native, Visit, contend, visit_each};
use crate::threads::at_once;
use crate::workload::{self, Entry};

/// How many threads write at once.
const WRITERS: usize = 64;

/// The time of a commit on the slow device.
const SLOW_FLUSH: Duration = Duration::from_millis(5);

/// The number of puts of each thread on that device: the first commit has only one thread, and must
/// not be a large part of the whole.
const SLOW_PUTS: usize = 10;

/// Compares durable writes that share their commits with those of one thread that do not.
pub(crate) fn measure(scale: Scale, asked: &[String], report: &mut dyn FnMut(Row)) -> Result<()> {
    visit_each(asked, &mut Groups { scale, report })
}

struct Groups<'r> {
    scale: Scale,
    report: &'r mut dyn FnMut(Row),
}

impl Visit for Groups<'_> {
    fn visit<N: Native>(&mut self) -> Result<()> {
        let scratch = Scratch::new()?;
        let options = StoreOptions::new();
        let bound = |bound| if N::GROUPS { bound } else { Bound::Informative };
        let flushes = self.scale.flushes;

        let plain = contend::<N>(scratch.store("plain")?, &options)?;
        let path = scratch.store("grouped")?;
        let grouped = GroupCommit::new(N::open(&path, &options)?);
        let settle = move |grouped: &GroupCommit<_>| N::settle(grouped.inner(), &path);
        let grouped = Arbour::settled_by(grouped, settle)?;
        let op = "GroupCommit: put, 1 thread";
        self.row::<N>(op, bound(Bound::Ratio(1.05)), flushes, &plain, (&grouped, 1))?;
        let op = "GroupCommit: put, 64 threads";
        self.row::<N>(op, bound(Bound::TimesAsFast(5.0)), flushes, &plain, (&grouped, WRITERS))?;

        let slow = |name| {
            let store = N::open(&scratch.store(name)?, &options)?;
            Ok::<_, arbour_core::Error>(Slowed::new(store, SLOW_FLUSH))
        };
        let plain = Arbour::new(slow("slow")?)?;
        let grouped = Arbour::new(GroupCommit::new(slow("slow-grouped")?))?;
        let op = "GroupCommit: put, 64 threads, 5 ms";
        self.row::<N>(op, bound(Bound::TimesAsFast(40.0)), SLOW_PUTS, &plain, (&grouped, WRITERS))
    }
}

impl Groups<'_> {
    /// Compares the time of a put by one thread, and by several through the group.
    fn row<N: Native>(
        &mut self,
        op: &'static str,
        bound: Bound,
        puts: usize,
        plain: &dyn Contender,
        (grouped, writers): (&dyn Contender, usize),
    ) -> Result<()> {
        let entries = workload::entries((WRITERS * puts) as u64);
        let versions = [1, 2].map(|version| workload::rewritten(&entries, version));
        // Each side counts its own runs, so that it gets other values than the last time.
        let (mut plains, mut groups) = (versions.iter().cycle(), versions.iter().cycle());
        let engine = N::NAME.to_owned();
        let mut rows = Comparison { scale: self.scale, engine, bound, report: self.report };
        rows.row(
            op,
            puts,
            || puts_of(1, puts, plains.next().unwrap_or(&entries), plain),
            || puts_of(writers, puts, groups.next().unwrap_or(&entries), grouped),
        )
    }
}

/// Lets threads put entries of their own one by one, and returns the time for each thread's share.
fn puts_of(
    writers: usize,
    puts: usize,
    entries: &[Entry],
    contender: &dyn Contender,
) -> Result<Duration> {
    contender.settle()?;
    let shares = entries.chunks(puts).take(writers).collect();
    let taken = at_once(shares, |share: &[Entry]| {
        share.chunks(1).try_for_each(|entry| contender.apply(entry, Durability::PowerLoss))
    })?;
    Ok(taken / u32::try_from(writers).unwrap_or(u32::MAX))
}
