//! A deploy: programs that work while another one makes a step of it, and is killed.

use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use arbour_core::{KvStore, Result};

use crate::breaking::{Break, Breaking};

/// A store whose commits can break. Only the process that makes a step uses it: the programs beside it
/// work on the store itself.
pub(crate) type Killed<S> = Arc<Breaking<Arc<S>>>;

/// What a program does again and again: it writes and searches.
pub(crate) type Work<'w> = &'w (dyn Fn() -> Result<()> + Sync);

/// A step that ends in fewer runs than this does not end.
const RUNS_MAX: u64 = 60;

/// Makes a step of a deploy while programs work, again and again until it is done. Each time it is killed at a
/// later commit, before the commit and after it, and resumes what is there. After each kill `check`
/// looks at the store while no program works. Returns how often it was killed.
///
/// # Errors
/// Those of the programs, of the step if it was not killed, and of `check`.
pub(crate) fn step_killed_at_each_commit<S: KvStore>(
    store: &Arc<S>,
    programs: &[Work<'_>],
    step: impl Fn(&Killed<S>, &Load<'_>) -> Result<()>,
    check: impl Fn() -> Result<()>,
) -> Result<u64> {
    for run in 0..RUNS_MAX {
        let breaks = if run % 2 == 0 { Break::Before } else { Break::After };
        let breaking = Arc::new(Breaking::at_commit(Arc::clone(store), breaks, run / 2 + 1));
        let ended = beside(programs, |load| step(&breaking, load))?;
        if !breaking.is_broken() {
            ended?;
            return Ok(run);
        }
        check()?;
    }
    unreachable!("a step that is resumed ends");
}

/// Makes a step while programs work, each in a thread of its own. Each program works at least once
/// before the step, and at least once after it.
///
/// # Errors
/// Those of the programs.
pub(crate) fn beside<T>(programs: &[Work<'_>], step: impl FnOnce(&Load<'_>) -> T) -> Result<T> {
    let workers: Vec<Worker> = programs.iter().map(|_| Worker::default()).collect();
    let load = Load { workers: &workers };
    thread::scope(|scope| {
        let running: Vec<_> = programs
            .iter()
            .zip(&workers)
            .map(|(program, worker)| scope.spawn(move || worker.run(program)))
            .collect();
        // A step that panics ends the programs too, because the scope waits for them.
        let ends = Ends(&workers);
        load.round();
        let made = step(&load);
        load.round();
        drop(ends);
        for program in running {
            program.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked))?;
        }
        Ok(made)
    })
}

/// The programs that work beside a step.
pub(crate) struct Load<'l> {
    workers: &'l [Worker],
}

impl Load<'_> {
    /// Waits until each program has worked once more. The caller holds no transaction.
    pub(crate) fn round(&self) {
        let done: Vec<u64> = self.workers.iter().map(Worker::rounds).collect();
        for (worker, done) in self.workers.iter().zip(done) {
            while worker.rounds() == done && !worker.has_ended.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_micros(200));
            }
        }
    }
}

/// A program that works in a thread.
#[derive(Default)]
struct Worker {
    rounds: AtomicU64,
    is_over: AtomicBool,
    has_ended: AtomicBool,
}

impl Worker {
    fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::SeqCst)
    }

    /// Works until it is over. It has ended then, also by an error or a panic.
    fn run(&self, work: Work<'_>) -> Result<()> {
        let _ended = HasEnded(&self.has_ended);
        while !self.is_over.load(Ordering::SeqCst) {
            work()?;
            self.rounds.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }
}

/// Tells the programs that it is over.
struct Ends<'w>(&'w [Worker]);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(|worker| worker.is_over.store(true, Ordering::SeqCst));
    }
}

struct HasEnded<'w>(&'w AtomicBool);

impl Drop for HasEnded<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
