//! The tables printed for documents and events.

use std::ops::Bound;

use arbour::KvRead;
use arbour::documents::{Collection, Filter};
use arbour::events::EventQuery;
use arbour::{DynSnapshot, KvStore as _, Result};

use crate::account::{Entries, Refusal, stream_of};
use crate::arguments::{Selection, Sort};
use crate::failure::Failure;
use crate::ledger::{ACCOUNTS, COMMITS, Ledger};
use crate::moment::Moment;
use crate::notice;
use crate::table::{Cell, Table};
use crate::tally::{self, Counts, File, Tally};

/// Returns the documents once all events that are in the log now are applied.
fn current<'l>(ledger: &'l Ledger, projection: &str) -> Result<DynSnapshot<'l>, Failure> {
    ledger.catch_up(projection)?;
    Ok(ledger.store().snapshot()?)
}

pub(crate) fn accounts(ledger: &Ledger) -> Result<Table, Failure> {
    let snapshot = current(ledger, ACCOUNTS)?;
    let mut table = Table::new(&["account", "cents", "events", "last change"]);
    let accounts = ledger.accounts.all().list(&snapshot)?;
    tell_if_none(accounts.len());
    for account in accounts {
        table.row(vec![
            Cell::text(&account.account),
            Cell::number(account.cents),
            Cell::number(account.events),
            Cell::text(&Moment(account.changed).to_string()),
        ]);
    }
    Ok(table)
}

pub(crate) fn history(ledger: &Ledger, account: &str) -> Result<Table, Failure> {
    let (entries, mut table) = (
        Entries::new(),
        Table::new(&["event", "time", "what", "cents", "balance", "other account"]),
    );
    let mut balance = 0;
    let events = ledger.events.read(&EventQuery::stream(stream_of(account)))?;
    if events.is_empty() {
        return Err(Refusal::Unknown(account.to_owned()).into());
    }
    for event in &events {
        let event = event.as_event();
        let entry = entries.read(&event)?;
        let entry = entry.as_ref();
        balance = entry.and_then(|entry| entry.balance(balance)).unwrap_or(balance);
        table.row(vec![
            Cell::number(event.version),
            Cell::text(&Moment(event.time).to_string()),
            Cell::text(entry.map_or(event.event_type, |entry| entry.name())),
            Cell::number(entry.and_then(|entry| entry.cents())),
            Cell::number(balance),
            Cell::text(entry.and_then(|entry| entry.other()).unwrap_or_default()),
        ]);
    }
    Ok(table)
}

pub(crate) fn authors(ledger: &Ledger, selection: &Selection) -> Result<Table, Failure> {
    let snapshot = current(ledger, COMMITS)?;
    let header = ["author", "commits", "added", "removed", "first day", "last day"];
    let mut table = Table::new(&header);
    for author in select(&snapshot, &ledger.authors, Filter::All, selection)? {
        let id = Cell::text(&author.author);
        let days = [Cell::text(&author.first), Cell::text(&author.last)];
        table.row(row(id, author.counts, days));
    }
    Ok(table)
}

pub(crate) fn files(
    ledger: &Ledger,
    prefix: Option<&str>,
    selection: &Selection,
) -> Result<Table, Failure> {
    let snapshot = current(ledger, COMMITS)?;
    let header = ["file", "commits", "added", "removed", "last author", "last day"];
    let mut table = Table::new(&header);
    let filter = prefix.map_or(Filter::All, |prefix| Filter::prefix(File::ID, prefix));
    for file in select(&snapshot, &ledger.files, filter, selection)? {
        let last = [Cell::text(&file.author), Cell::text(&file.last)];
        table.row(row(Cell::text(&file.path), file.counts, last));
    }
    Ok(table)
}

pub(crate) fn days(
    ledger: &Ledger,
    (from, to): (Option<&str>, Option<&str>),
    selection: &Selection,
) -> Result<Table, Failure> {
    let snapshot = current(ledger, COMMITS)?;
    let mut table = Table::new(&["day", "commits", "added", "removed"]);
    let bound = |day: Option<&str>| day.map_or(Bound::Unbounded, |day| Bound::Included(day.into()));
    let filter = match (from, to) {
        (None, None) => Filter::All,
        _ => Filter::range(tally::Day::ID, bound(from), bound(to)),
    };
    for day in select(&snapshot, &ledger.days, filter, selection)? {
        table.row(row(Cell::text(&day.day), day.counts, []));
    }
    Ok(table)
}

fn select<D: Tally>(
    reader: &impl KvRead,
    documents: &Collection<D>,
    filter: Filter<D>,
    selection: &Selection,
) -> Result<Vec<D>> {
    let found = documents.find(filter).limit(selection.limit as usize);
    let found = match selection.sort {
        Sort::Commits => found.descending(tally::COMMITS).ascending(D::ID),
        Sort::Name => found.ascending(D::ID),
    };
    let found = found.list(reader)?;
    tell_if_none(found.len());
    Ok(found)
}

/// Prints a message if there is nothing to print.
fn tell_if_none(count: usize) {
    if count == 0 {
        notice::print(format_args!("there is none"));
    }
}

fn row<const N: usize>(id: Cell, counts: Counts, more: [Cell; N]) -> Vec<Cell> {
    let Counts { commits, lines } = counts;
    let counts = [commits, lines.added, lines.removed].map(Cell::number);
    [id].into_iter().chain(counts).chain(more).collect()
}
