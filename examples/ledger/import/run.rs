//! The import itself: commits into events, many in a transaction.

use std::io::BufRead;
use std::time::Instant;

use arbour::events::{Append, Appended, EventError, Log, TypedEvent as _};
use arbour::{Error, ErrorKind, KvStore as _, Result};

use super::ImportError;
use super::summary::Summary;
use crate::failure::{Failure, with_next_move};
use crate::git_log::{Record, Records};
use crate::ledger::{Ledger, PROJECTIONS};
use crate::progress::Progress;

/// The number of commits per transaction: enough to make the cost of its sync negligible.
const BATCH_RECORDS: usize = 1000;

/// The amount of input per transaction, so that large commits do not fill the memory.
const BATCH_BYTES: u64 = 8 << 20;

/// The stream of all commits.
const STREAM: &str = "commits";

/// Appends the commits of an input, and folds them into documents.
pub(crate) fn import(
    ledger: &Ledger,
    input: impl BufRead,
    progress: &Progress,
) -> Result<Summary, Failure> {
    let started = Instant::now();
    let log = ledger.log()?;
    let mut records = Records::new(input);
    let mut summary = Summary::default();
    let mut imported = Ok(true);
    while let Ok(true) = imported {
        imported = import_batch(ledger, &log, &mut records, &mut summary, progress);
        progress.imported(records.bytes(), summary.new + summary.known, summary.bad);
    }
    progress.clear();
    summary.elapsed = started.elapsed();
    match imported {
        Ok(_) => Ok(summary),
        Err(cause) => {
            Err(ImportError { line: records.line(), cause, appended: summary.new }.into())
        }
    }
}

/// Appends the next batch, and reports bad commits in it; tells whether there may be more after it.
fn import_batch(
    ledger: &Ledger,
    log: &Log,
    records: &mut Records<impl BufRead>,
    summary: &mut Summary,
    progress: &Progress,
) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    let begin = records.bytes();
    let mut is_last = true;
    while let Some(record) = records.next() {
        match record? {
            Ok(record) => good.push(record),
            Err(record) => bad.push((record.line, record.to_string())),
        }
        if good.len() + bad.len() == BATCH_RECORDS || records.bytes() - begin >= BATCH_BYTES {
            is_last = false;
            break;
        }
    }
    let appended = append_batch(ledger, log, &good).map_err(|error| with_next_move(&error))?;
    for (record, verdict) in good.iter().zip(appended) {
        match verdict {
            Ok(appended) if appended.is_repeated => summary.known += 1,
            Ok(_) => summary.new += 1,
            Err(refusal) => bad.push((record.line, format!("{}: {refusal}", record.place()))),
        }
    }
    summary.bad += bad.len() as u64;
    bad.sort();
    for (_, reason) in bad {
        progress.print(format_args!("ledger: {reason}"));
    }
    for projection in PROJECTIONS {
        ledger.events.catch_up(projection).map_err(|error| with_next_move(&error))?;
    }
    Ok(!is_last)
}

/// Appends commits in one transaction, and returns a result for each.
fn append_batch(ledger: &Ledger, log: &Log, batch: &[Record]) -> Result<Vec<Result<Appended>>> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let appends: Vec<Append> = batch.iter().map(append).collect::<Result<_>>()?;
    ledger.log_store().write(|transaction| {
        let mut verdicts = Vec::with_capacity(appends.len());
        for append in &appends {
            match log.append(transaction, append) {
                // An error of the store must not be reported as a refused commit.
                Err(error) if !is_refusal(&error) => return Err(error),
                verdict => verdicts.push(verdict),
            }
        }
        Ok(verdicts)
    })
}

/// The hash of a commit identifies its contents: one event for each, however often it is imported.
fn append(record: &Record) -> Result<Append> {
    let event = record.commit.to_stream(STREAM)?.at(record.time);
    Ok(Append::from(event).key(format!("commit/{}", record.commit.hash)))
}

/// Tells whether an error is about one commit, so that others can still be appended.
fn is_refusal(error: &Error) -> bool {
    let is_reused = matches!(error.downcast_ref(), Some(EventError::KeyReused { .. }));
    is_reused || matches!(error.kind(), ErrorKind::TooLarge | ErrorKind::InvalidArgument)
}
