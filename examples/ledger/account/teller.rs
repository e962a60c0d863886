//! Carries out orders: decides by the current accounts, and appends if they have not changed.

use arbour::KvStore as _;
use arbour::events::{Append, DeadLetter, Dispatched, EventError, Expected};
use arbour::{Error, Result};

use super::{Order, Refusal};
use crate::failure::Failure;
use crate::ledger::{ACCOUNTS, Ledger};

/// How often an order is decided again if other callers were faster.
const TRIES_MAX: u32 = 100;

/// Carries out an order, or refuses it.
pub(crate) fn carry_out(ledger: &Ledger, order: &Order) -> Result<Dispatched, Failure> {
    let append = order.append()?;
    let mut tries = 1;
    loop {
        match decide(ledger, order)? {
            Ok(expected) => {
                let append = Append::clone(&append);
                let append = expected
                    .into_iter()
                    .fold(append, |append, (stream, version)| append.expect(stream, version));
                let dispatched = ledger.events.dispatch_all(append);
                match dispatched.as_ref().err().and_then(Error::downcast_ref) {
                    // Another caller was faster: the accounts have changed.
                    Some(EventError::Expected { stream, .. }) if tries < TRIES_MAX => {
                        check_known(ledger, stream)?;
                        tries += 1;
                    }
                    _ => return dispatched.map_err(|error| failure(error, order)),
                }
            }
            Err(refusal) => {
                let before = carried_out_before(ledger, append);
                let before = before.map_err(|error| failure(error, order))?;
                return before.ok_or(Failure::Refused(refusal));
            }
        }
    }
}

fn failure(error: Error, order: &Order) -> Failure {
    match (error.downcast_ref(), order.key()) {
        (Some(&EventError::KeyReused { position, .. }), Some(key)) => {
            Refusal::KeyReused { key: key.to_owned(), position }.into()
        }
        _ => error.into(),
    }
}

/// Asserts that an account matches its events, and that none of them was dead-lettered.
fn check_known(ledger: &Ledger, stream: &str) -> Result<(), Failure> {
    let letters = ledger.events.dead_letters(ACCOUNTS)?;
    match letters.into_iter().find(|letter| letter.stream == stream) {
        Some(DeadLetter { stream, position, .. }) => Err(Failure::Unknown { stream, position }),
        None => Ok(()),
    }
}

fn decide(
    ledger: &Ledger,
    order: &Order,
) -> Result<Result<Vec<(String, Expected)>, Refusal>, Failure> {
    ledger.events.catch_up(ACCOUNTS)?;
    let snapshot = ledger.store().snapshot()?;
    Ok(order.decide(&snapshot, &ledger.accounts)?)
}

/// Checks whether an order that would be refused now was carried out before: the refusal may be its
/// own effect. A used key is checked before any version, and no stream has this version.
fn carried_out_before(ledger: &Ledger, mut append: Append) -> Result<Option<Dispatched>> {
    if append.key.is_none() {
        return Ok(None);
    }
    let streams: Vec<String> = append.events.iter().map(|event| event.stream.clone()).collect();
    for stream in streams {
        append = append.expect(stream, Expected::Exact(u64::MAX));
    }
    let dispatched = ledger.events.dispatch_all(append);
    match dispatched.as_ref().err().and_then(Error::downcast_ref) {
        Some(EventError::Expected { .. }) => Ok(None),
        _ => dispatched.map(Some),
    }
}
