//! Visiting documents with several threads.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Duration;

use arbour::documents::{Declaration, DocError, Field, Filter};
use arbour::{Error, Result};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::{load, refused};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader};

const CROWD: usize = 300;

const THREADS: usize = 3;

/// How long a visitor waits for the others before it counts as alone.
const COMPANY_MAX: Duration = Duration::from_secs(20);

fn crowd() -> Declaration<Value> {
    Declaration::new("crowd").field(Field::path("size"))
}

/// A meeting point where visitors wait until this many have arrived.
#[derive(Default)]
struct Meeting {
    there: Mutex<usize>,
    changed: Condvar,
}

impl Meeting {
    /// Tells whether all arrived.
    fn met(&self) -> bool {
        let mut there = self.there.lock().expect("no visitor panics here");
        *there += 1;
        self.changed.notify_all();
        let waited = self.changed.wait_timeout_while(there, COMPANY_MAX, |there| *there < THREADS);
        !waited.expect("no visitor panics here").1.timed_out()
    }
}

/// J21. Several threads visit at once, each document is visited once, the limit is that of the
/// query, and a break, a failure or a panic of one thread ends the visits of all.
pub(super) fn threads_visit_each_once<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let bodies: Vec<Value> =
        (0..CROWD).map(|number| json!({"id": format!("{number:03}"), "size": number})).collect();
    load(bed.store(), &bed.open(crowd())?, &bodies)?;
    bed.settle()?;
    let collection = bed.open(crowd())?;
    let snapshot = bed.store().snapshot()?;
    let reader = collection.reader(&snapshot);
    let threads = NonZeroUsize::new(THREADS).expect("it is not zero");
    let go_on = || Ok(ControlFlow::Continue(()));

    let meeting = Meeting::default();
    let visited = Mutex::new(Vec::new());
    reader.each_concurrent(&Query::new(Filter::at_most("size", 249)), threads, |stored| {
        assert!(meeting.met(), "{THREADS} threads were asked for, and one visits alone");
        visited.lock().expect("no visitor panics here").push(stored.id.to_string());
        go_on()
    })?;
    let visited = visited.into_inner().expect("no visitor panics here");
    let once: BTreeSet<&String> = visited.iter().collect();
    assert_eq!((visited.len(), once.len()), (250, 250), "each document is visited once");

    let count = |query: &Query<Value>,
                 visit: &(dyn Fn(usize) -> Result<ControlFlow<()>> + Sync)| {
        let visits = Mutex::new(0);
        let ended = reader.each_concurrent(query, threads, |_| {
            let number = {
                let mut visits = visits.lock().expect("no visitor panics here");
                *visits += 1;
                *visits
            };
            if number > 5 {
                // Gives the thread that ends the visits the time to do so.
                thread::sleep(Duration::from_millis(5));
            }
            visit(number)
        });
        (ended, visits.into_inner().expect("no visitor panics here"))
    };
    let all = Query::new(Filter::All);
    let (ended, visits) = count(&all.clone().limit(7), &|_| go_on());
    assert_eq!((ended?, visits), ((), 7));
    let (ended, visits) = count(&all, &|number| match number {
        5 => Ok(ControlFlow::Break(())),
        _ => go_on(),
    });
    ended?;
    assert!((5..CROWD).contains(&visits), "{visits} were visited, with a break at the fifth");
    let mine =
        || Error::from(DocError::Invalid { collection: String::new(), reason: "mine".into() });
    let (ended, visits) = count(&all, &|number| if number == 5 { Err(mine()) } else { go_on() });
    assert_eq!(refused(ended, "a visitor's own error").to_string(), ": mine");
    assert!((5..CROWD).contains(&visits), "{visits} were visited, with a failure at the fifth");
    let unknown = Query::new(Filter::eq("weight", 1));
    let (ended, visits) = count(&unknown, &|_| go_on());
    let error = refused(ended, "a filter of a field there is not");
    assert!(matches!(error, DocError::UnknownField { .. }) && visits == 0, "{error:?}");
    Ok(())
}
