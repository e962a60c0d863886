//! Making the writes of a batch, and finding out what became of them.

use std::collections::{BTreeMap, HashMap};
use std::thread;
use std::time::{Duration, Instant};

use arbour_core::engine::unknown_commit;
use arbour_core::{Batch, Error, ErrorKind, Operation, Result, Tree};

use crate::error::Failure;
use crate::session::Session;
use crate::shared::Shared;

/// How many bytes are sent to the server at a time, about.
const PART_BYTES: usize = 16 << 20;

/// The last write of each key of a batch, in the order of the keys, so that two transactions lock what
/// both write in the same order.
type Last<'b> = BTreeMap<(i32, &'b [u8]), Option<&'b [u8]>>;

/// Makes the writes in the transaction of the connection, and commits.
pub(crate) fn commit(
    store: &Shared,
    session: &mut Session,
    batch: &Batch,
    operation: Operation,
) -> Result<()> {
    let placed = |error: Error| error.with_path(&store.pool.address().name);
    let refused = |failure: Failure| placed(failure.into_error(operation));
    let unknown = unknown_trees(store, batch);
    let mut numbers = HashMap::new();
    if !unknown.is_empty() {
        // In the transaction, so that no other program gives numbers.
        let given = give_numbers(store, session, &unknown);
        numbers = given.map_err(|failure| {
            session.roll_back();
            refused(failure)
        })?;
    }
    let mut last = Last::new();
    for write in batch.iter() {
        let number = store.numbers.get(write.tree).or_else(|| numbers.get(write.tree).copied());
        last.insert((number.unwrap_or_default(), write.key), write.value);
    }
    session.commits += 1;
    let mut parts = parts(&last);
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        if let Err(failure) = send(session, &part, "") {
            session.roll_back();
            return Err(refused(failure));
        }
    }
    let committed = match send(session, &end, "COMMIT") {
        Ok(()) => Ok(()),
        Err(failure) if failure.is_silent() => resolve(store, session, failure, operation),
        Err(failure) => Err(refused(failure)),
    };
    if committed.is_ok() {
        numbers.into_iter().for_each(|(tree, number)| store.numbers.keep(&tree, number));
    }
    committed
}

/// Writes that one statement makes.
#[derive(Default)]
struct Part<'b> {
    put_trees: Vec<i32>,
    put_keys: Vec<&'b [u8]>,
    put_values: Vec<&'b [u8]>,
    deleted_trees: Vec<i32>,
    deleted_keys: Vec<&'b [u8]>,
    bytes: usize,
}

fn parts<'b>(last: &Last<'b>) -> Vec<Part<'b>> {
    let mut parts = Vec::new();
    let mut part = Part::default();
    for ((tree, key), value) in last {
        part.bytes += key.len() + value.map_or(0, <[u8]>::len);
        match value {
            Some(value) => {
                part.put_trees.push(*tree);
                part.put_keys.push(key);
                part.put_values.push(value);
            }
            None => {
                part.deleted_trees.push(*tree);
                part.deleted_keys.push(key);
            }
        }
        if part.bytes >= PART_BYTES {
            parts.push(std::mem::take(&mut part));
        }
    }
    parts.push(part);
    parts
}

fn send(session: &mut Session, part: &Part<'_>, end: &str) -> Result<(), Failure> {
    let (number, commits) = (session.number, session.commits);
    session.write(
        &[
            &part.put_trees,
            &part.put_keys,
            &part.put_values,
            &part.deleted_trees,
            &part.deleted_keys,
            &number,
            &commits,
        ],
        end,
    )
}

/// Returns the trees of a batch whose numbers this store does not know.
fn unknown_trees<'b>(store: &Shared, batch: &'b Batch) -> Vec<&'b Tree> {
    let mut unknown: Vec<&Tree> = Vec::new();
    for write in batch.iter() {
        if store.numbers.get(write.tree).is_none() && !unknown.contains(&write.tree) {
            unknown.push(write.tree);
        }
    }
    unknown
}

/// Returns the numbers of trees, and gives one to each that has none. They are known to others once the
/// transaction has committed.
fn give_numbers(
    store: &Shared,
    session: &mut Session,
    unknown: &[&Tree],
) -> Result<HashMap<Tree, i32>, Failure> {
    let names: Vec<&[u8]> = unknown.iter().map(|tree| tree.name().as_bytes()).collect();
    let schema = &store.pool.address().schema;
    let add = format!(
        "INSERT INTO {schema}.trees (name) SELECT unnest($1::bytea[]) \
         EXCEPT SELECT name FROM {schema}.trees"
    );
    session.ask(&add, &[&names])?;
    let find = format!("SELECT name, number FROM {schema}.trees WHERE name = ANY($1)");
    let mut numbers = HashMap::new();
    for row in &session.ask(&find, &[&names])? {
        let (name, number): (&[u8], i32) = (row.try_get(0)?, row.try_get(1)?);
        if let Some(tree) = unknown.iter().find(|tree| tree.name().as_bytes() == name) {
            numbers.insert((*tree).clone(), number);
        }
    }
    Ok(numbers)
}

/// Finds out whether a commit whose answer was lost has taken effect.
///
/// The server may still be about to commit. So its process is ended first, if it is still the one that
/// this connection had; then the table of commits says it for good.
fn resolve(store: &Shared, session: &Session, lost: Failure, operation: Operation) -> Result<()> {
    let deadline = Instant::now() + store.pool.address().timeout;
    let mut pause = Duration::from_millis(10);
    loop {
        match ask(store, session) {
            Ok(true) => return Ok(()),
            Ok(false) => {
                let error = lost.into_error(operation);
                let message = format!("{}; nothing was written", error.message());
                let error =
                    Error::new(ErrorKind::Unreachable, operation, message).with_source(error);
                return Err(error.with_path(&store.pool.address().name));
            }
            Err(_) if Instant::now() < deadline => {
                thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_secs(1));
            }
            Err(_) => {
                let error = unknown_commit(lost.into_error(operation));
                return Err(error.with_path(&store.pool.address().name));
            }
        }
    }
}

fn ask(store: &Shared, lost: &Session) -> Result<bool> {
    let mut session = store.pool.open()?;
    let failed = |failure: Failure| failure.into_error(Operation::Commit);
    let ended = session.ask(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_get_activity($1) \
         WHERE backend_start::text = $2",
        &[&lost.server.process, &lost.server.process_start],
    );
    let ended = ended.map_err(failed)?;
    if ended.iter().any(|row| !row.try_get::<_, bool>(0).unwrap_or(false)) {
        let message = "the server has not ended the process of the lost connection";
        return Err(Error::new(ErrorKind::Busy, Operation::Commit, message));
    }
    let schema = &store.pool.address().schema;
    // A process that was ended while it waited for another machine has committed on its own one only.
    // The answer to this commit comes once both are on both.
    let find =
        format!("UPDATE {schema}.commits SET at = now() WHERE session = $1 RETURNING number");
    let found = session.ask(&find, &[&lost.number]).map_err(failed)?;
    Ok(found.iter().any(|row| row.try_get::<_, i64>(0).is_ok_and(|number| number == lost.commits)))
}
