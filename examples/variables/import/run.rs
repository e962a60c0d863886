//! The import itself: lines into batches, a transaction each.

use std::io::BufRead;
use std::time::Instant;

use arbour::KvStore;

use super::assignment::{Assignment, Line};
use super::lines::Lines;
use super::summary::{Summary, Tally};
use super::{ImportError, Progress};
use crate::database::{self, Database};

/// The number of variables per transaction: enough to make the cost of its sync negligible.
const BATCH_LINES: usize = 1000;

/// Sets the variables in the lines of an input, in batches and in order. Each batch is stored as a
/// whole or not at all.
pub(crate) fn import<S: KvStore>(
    database: &Database<S>,
    input: impl BufRead,
    progress: &Progress,
) -> Result<Summary, ImportError> {
    let started = Instant::now();
    let result = import_lines(database, &mut Lines::new(input), progress);
    progress.clear();
    result.map(|summary| Summary { elapsed: started.elapsed(), ..summary })
}

fn import_lines<S: KvStore>(
    database: &Database<S>,
    lines: &mut Lines<impl BufRead>,
    progress: &Progress,
) -> Result<Summary, ImportError> {
    let mut summary = Summary::default();
    let mut batch = Vec::with_capacity(BATCH_LINES);
    let mut stored_lines = 0;
    loop {
        let is_last = !fill(&mut batch, lines, &mut summary, stored_lines)?;
        if !batch.is_empty() {
            let tally = store(database, &batch)
                .map_err(|failure| failure.locate(&batch, lines.number(), stored_lines))?;
            summary.tally.add(tally);
        }
        stored_lines = lines.number();
        progress.stored(stored_lines, lines.bytes());
        if is_last {
            return Ok(summary);
        }
    }
}

/// Reads the next batch; tells whether there may be more after it.
fn fill(
    batch: &mut Vec<Assignment>,
    lines: &mut Lines<impl BufRead>,
    summary: &mut Summary,
    stored_lines: u64,
) -> Result<bool, ImportError> {
    batch.clear();
    while batch.len() < BATCH_LINES {
        let number = lines.number() + 1;
        let line = match lines.next() {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(false),
            Err(cause) => return Err(ImportError::after_line(number - 1, cause, stored_lines)),
        };
        match Line::parse(line, number) {
            Ok(Line::Assignment(assignment)) => batch.push(assignment),
            Ok(Line::WithoutValue) => summary.without_value += 1,
            Ok(Line::Blank) => {}
            Err(fault) => return Err(ImportError::of_line(number, line, fault, stored_lines)),
        }
    }
    Ok(true)
}

/// Stores a batch in one transaction.
fn store<S: KvStore>(database: &Database<S>, batch: &[Assignment]) -> Result<Tally, BatchFailure> {
    database.store().try_write(|transaction| {
        let mut tally = Tally::default();
        for (index, assignment) in batch.iter().enumerate() {
            let change = database.variables.set_in(
                transaction,
                assignment.scope(),
                &assignment.name,
                assignment.value,
            );
            tally.count(change.map_err(|cause| BatchFailure { index: Some(index), cause })?);
        }
        Ok(tally)
    })
}

/// Why a batch was not stored: because of one of its lines, or as a whole.
struct BatchFailure {
    index: Option<usize>,
    cause: database::Error,
}

impl From<arbour::Error> for BatchFailure {
    fn from(error: arbour::Error) -> Self {
        Self { index: None, cause: error.into() }
    }
}

impl BatchFailure {
    fn locate(self, batch: &[Assignment], read_lines: u64, stored_lines: u64) -> ImportError {
        match self.index.and_then(|index| batch.get(index)) {
            Some(assignment) => {
                let text = assignment.text();
                ImportError::of_line(assignment.line, text.as_bytes(), self.cause, stored_lines)
            }
            None => ImportError::after_line(read_lines, self.cause, stored_lines),
        }
    }
}
