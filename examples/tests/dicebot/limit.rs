//! D5: never more than the limit, even with concurrent callers.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use crate::bed::{ADA, Bed};
use crate::database::{Error, LIMIT_DEFAULT, Scope};
use crate::engines::on_every_engine;

on_every_engine!(a_full_scope_takes_updates_only, threads_do_not_pass_the_limit);

fn a_full_scope_takes_updates_only(bed: &Bed) {
    let variables = bed.open().variables;
    for number in 1..=100 {
        variables.set(ADA, &format!("v{number}"), number).unwrap();
    }
    variables.set(ADA, "v1", 0).unwrap();
    assert_eq!(variables.get(ADA, "v1").unwrap(), 0);
    let refused = variables.set(ADA, "v101", 1);
    assert!(matches!(refused, Err(Error::TooManyEntries { limit: 100, .. })), "{refused:?}");
    assert_eq!(variables.count(ADA).unwrap(), 100);
    let elsewhere = Scope { room: "!s:x", ..ADA };
    variables.set(elsewhere, "v101", 1).unwrap();
    variables.delete(ADA, "v50").unwrap();
    variables.set(ADA, "v101", 1).unwrap();
}

/// The original checks outside the transaction: eight threads left 107 variables where 100 were
/// allowed.
fn threads_do_not_pass_the_limit(bed: &Bed) {
    let database = bed.open();
    let (stored, refused) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|threads| {
        for thread in 0..8 {
            let (variables, stored, refused) = (&database.variables, &stored, &refused);
            threads.spawn(move || {
                for number in 0..20 {
                    match variables.set(ADA, &format!("v{thread}.{number}"), number) {
                        Ok(_) => stored.fetch_add(1, Ordering::Relaxed),
                        Err(Error::TooManyEntries { .. }) => {
                            refused.fetch_add(1, Ordering::Relaxed)
                        }
                        Err(error) => panic!("{error}"),
                    };
                    assert!(variables.count(ADA).unwrap() <= LIMIT_DEFAULT);
                }
            });
        }
    });
    assert_eq!(stored.into_inner(), 100);
    assert_eq!(refused.into_inner(), 60);
    assert_eq!(database.variables.list(ADA).unwrap().len(), 100);
    assert!(database.variables.verify().unwrap().findings.is_empty());
}
