//! The import itself: records into batches, a transaction each.

use std::io::BufRead;
use std::time::Instant;

use arbour::documents::{Collection, Precondition, Written};
use arbour::{Error, ErrorKind, KvStore, Result};

use super::ImportError;
use super::summary::Summary;
use crate::control::{Record, Records};
use crate::package::Package;
use crate::progress::Progress;

/// The number of records per transaction: enough to make the cost of its sync negligible.
const BATCH_RECORDS: usize = 1000;

/// Stores the packages of an input, in batches and in order. Each batch is stored as a whole or not
/// at all, except for bad records in it.
pub(crate) fn import<S: KvStore>(
    store: &S,
    packages: &Collection<Package>,
    input: impl BufRead,
    progress: &Progress,
) -> Result<Summary, ImportError> {
    let started = Instant::now();
    let mut records = Records::new(input);
    let mut summary = Summary::default();
    let mut imported = Ok(true);
    while let Ok(true) = imported {
        imported = import_batch(store, packages, &mut records, &mut summary, progress);
        progress.imported(records.bytes(), summary.stored(), summary.bad);
    }
    progress.clear();
    summary.elapsed = started.elapsed();
    match imported {
        Ok(_) => Ok(summary),
        Err(cause) => Err(ImportError { line: records.line(), cause, stored: summary.stored() }),
    }
}

/// Stores the next batch, and reports bad records in it; tells whether there may be more after it.
fn import_batch<S: KvStore>(
    store: &S,
    packages: &Collection<Package>,
    records: &mut Records<impl BufRead>,
    summary: &mut Summary,
    progress: &Progress,
) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    let (mut good, mut bad) = (Vec::with_capacity(BATCH_RECORDS), Vec::new());
    let mut is_last = true;
    for record in records.by_ref() {
        match record? {
            Ok(record) => good.push(record),
            Err(record) => bad.push((record.line, record.to_string())),
        }
        if good.len() + bad.len() == BATCH_RECORDS {
            is_last = false;
            break;
        }
    }
    let verdicts = store_batch(store, packages, &good).map_err(|error| error.in_one_line())?;
    for (record, verdict) in good.iter().zip(verdicts) {
        match verdict {
            Ok(written) if written.is_new => summary.new += 1,
            Ok(_) => summary.updated += 1,
            Err(refusal) => bad.push((record.line, format!("{}: {refusal}", record.place()))),
        }
    }
    summary.bad += bad.len() as u64;
    bad.sort();
    for (_, reason) in bad {
        progress.print(format_args!("packages: {reason}"));
    }
    Ok(!is_last)
}

/// Stores packages in one transaction, and returns a result for each.
fn store_batch<S: KvStore>(
    store: &S,
    packages: &Collection<Package>,
    batch: &[Record],
) -> Result<Vec<Result<Written>>> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    store.write(|transaction| {
        let bodies = batch.iter().map(|record| &record.package);
        let verdicts = packages.put_many(transaction, bodies, Precondition::None)?;
        // An error of the store must not be reported as a refused package.
        let mut errors = verdicts.iter().filter_map(|verdict| verdict.as_ref().err());
        match errors.find(|error| !is_refusal(error)) {
            Some(error) => Err(error.clone()),
            None => Ok(verdicts),
        }
    })
}

/// Tells whether an error is about one document, so that others can still be stored.
fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::TooLarge | ErrorKind::InvalidArgument)
}
