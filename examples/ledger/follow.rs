//! Follows the log: existing events, then new ones.

use std::io::Write;
use std::time::{Duration, Instant};

use arbour::Result;
use arbour::events::{Event, EventBuf, EventQuery, Subscription, Tail, TypedEvent as _};

use crate::account::{Entry, account_of};
use crate::arguments::Follow;
use crate::commit::Commit;
use crate::counted::counted;
use crate::failure::Failure;
use crate::ledger::Ledger;
use crate::moment::Moment;

/// How many events are printed before the position is stored.
const PAGE: usize = 100;

/// How long one wait lasts; unless an end was requested, the next one follows.
const WAIT: Duration = Duration::from_secs(1);

/// The kind of follower.
enum Follower {
    /// The log remembers its position.
    Named(Subscription),
    Nameless(Tail),
}

impl Follower {
    fn next(&mut self, wait: Duration) -> Result<Vec<EventBuf>> {
        match self {
            Self::Named(subscription) => subscription.next(PAGE, wait),
            Self::Nameless(tail) => tail.next(PAGE, wait),
        }
    }

    /// Stores the position of what was printed. After a kill before this, events are printed again.
    fn has_printed(&self) -> Result<()> {
        match self {
            Self::Named(subscription) => subscription.acknowledge(),
            Self::Nameless(_) => Ok(()),
        }
    }
}

/// Prints events as they come.
pub(crate) fn follow(
    ledger: &Ledger,
    arguments: &Follow,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let seconds = arguments.seconds.map(|seconds| Duration::from_secs(seconds.into()));
    let until = seconds.and_then(|seconds| Instant::now().checked_add(seconds));
    let from = |position| EventQuery::all().after(position);
    let mut follower = match (&arguments.name, arguments.after) {
        (Some(name), after) => {
            Follower::Named(ledger.events.subscribe(name, from(after.unwrap_or(0)))?)
        }
        (None, Some(after)) => Follower::Nameless(ledger.events.tail(from(after))),
        (None, None) => {
            Follower::Nameless(ledger.events.tail(from(ledger.events.head()?.position)))
        }
    };
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let events = follower.next(left.map_or(WAIT, |left| left.min(WAIT)))?;
        for event in &events {
            print(&event.as_event(), out)?;
        }
        out.flush()?;
        if !events.is_empty() {
            follower.has_printed()?;
        }
        if events.len() < PAGE && left == Some(Duration::ZERO) {
            return Ok(());
        }
    }
}

fn print(event: &Event<'_>, out: &mut impl Write) -> Result<(), Failure> {
    let what = described(event)?;
    let (position, time) = (event.position, Moment(event.time));
    // Characters that would break the line, or the terminal, are replaced by a space.
    let [stream, what] = [event.stream, &what].map(|text| text.replace(char::is_control, " "));
    Ok(writeln!(out, "{position}\t{time}\t{stream}\t{what}")?)
}

/// Describes what happened.
fn described(event: &Event<'_>) -> Result<String> {
    if account_of(event.stream).is_some()
        && let Some(entry) = Entry::read(event)?.map(|event| event.body)
    {
        let cents = entry.cents().map(|cents| counted(cents, "cent", "cents"));
        let words = [Some(entry.name().to_owned()), cents, entry.other().map(str::to_owned)];
        return Ok(words.into_iter().flatten().collect::<Vec<_>>().join(" "));
    }
    let Some(commit) = Commit::read(event)? else { return Ok(event.event_type.to_owned()) };
    let commit = commit.body;
    let (lines, files) = (commit.lines(), commit.files.len() as u64);
    Ok(format!(
        "{}: {} ({}, +{} -{})",
        commit.author,
        commit.subject,
        counted(files, "file", "files"),
        lines.added,
        lines.removed
    ))
}
