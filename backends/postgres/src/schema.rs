//! The tables of a store: who made them, and how they are made.

use std::time::Duration;

use arbour_core::{Error, ErrorKind, Operation, Result};

use crate::error::Failure;
use crate::session::Session;

const MARK: &str = "arbour-postgres";
const FORMAT: i32 = 1;

/// What is known of a schema before it is used.
enum Found {
    Nothing,
    Store { mark: String, format: i32 },
    Foreign,
}

/// Checks that the schema holds a store of this format, and makes one if there is none. Many programs
/// may do so at once.
pub(crate) fn prepare(session: &mut Session, schema: &str, may_create: bool) -> Result<()> {
    let failed = |failure: Failure| failure.into_error(Operation::Open);
    let mut found = look(session, schema).map_err(failed)?;
    if matches!(found, Found::Nothing) {
        if !may_create || session.server.is_standby {
            let message = format!("the database has no store in the schema {schema}");
            return Err(Error::new(ErrorKind::NotFound, Operation::Open, message));
        }
        found = create(session, schema).map_err(failed)?;
    }
    match found {
        Found::Store { mark, format } if mark == MARK && format == FORMAT => Ok(()),
        Found::Store { mark, format } if mark == MARK && format > FORMAT => {
            let message = format!("the store has format {format}, and this program knows {FORMAT}");
            Err(Error::new(ErrorKind::TooNew, Operation::Open, message))
        }
        Found::Store { .. } | Found::Foreign | Found::Nothing => {
            let message = format!("the schema {schema} holds tables that are not of Arbour");
            Err(Error::new(ErrorKind::InvalidArgument, Operation::Open, message))
        }
    }
}

/// Removes what connections of programs that were killed have left in the table of commits. A program asks
/// there within minutes of its commit.
pub(crate) fn forget_lost_connections(session: &mut Session, schema: &str) {
    let text = format!("DELETE FROM {schema}.commits WHERE at < now() - interval '1 day'");
    // A role that may not do it leaves it to others.
    let _ = session.execute(&text);
}

fn look(session: &mut Session, schema: &str) -> Result<Found, Failure> {
    let relations = session.ask(
        "SELECT count(*), coalesce(bool_or(relname = 'arbour'), false) FROM pg_class WHERE relnamespace = to_regnamespace($1)",
        &[&schema],
    )?;
    let (count, has_mark) = match relations.first() {
        Some(row) => (row.try_get::<_, i64>(0)?, row.try_get::<_, bool>(1)?),
        None => (0, false),
    };
    if !has_mark {
        return Ok(if count == 0 { Found::Nothing } else { Found::Foreign });
    }
    let marks = session.ask(&format!("SELECT * FROM {schema}.arbour"), &[])?;
    let mark = marks.first().and_then(|row| {
        let mark = row.try_get::<_, String>("engine").ok()?;
        Some(Found::Store { mark, format: row.try_get::<_, i32>("format").ok()? })
    });
    Ok(mark.unwrap_or(Found::Foreign))
}

/// The lock makes programs that open the same store for the first time do so one after the other.
fn create(session: &mut Session, schema: &str) -> Result<Found, Failure> {
    let lock =
        format!("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('arbour {schema}', 0))");
    session.execute_within(Duration::from_secs(60), &lock)?;
    let found = look(session, schema).and_then(|found| match found {
        Found::Nothing => session.execute(&tables(schema)).and_then(|()| look(session, schema)),
        found => Ok(found),
    });
    match found {
        Ok(found) => session.execute("COMMIT").map(|()| found),
        Err(failure) => {
            let _ = session.execute("ROLLBACK");
            Err(failure)
        }
    }
}

fn tables(schema: &str) -> String {
    format!(
        "CREATE SCHEMA IF NOT EXISTS {schema}; \
         CREATE TABLE {schema}.arbour (engine text NOT NULL, format int4 NOT NULL); \
         INSERT INTO {schema}.arbour VALUES ('{MARK}', {FORMAT}); \
         CREATE TABLE {schema}.trees (number int4 PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name bytea NOT NULL UNIQUE); \
         CREATE TABLE {schema}.entries (tree int4, key bytea, value bytea NOT NULL, PRIMARY KEY (tree, key)); \
         CREATE TABLE {schema}.commits (session int8 PRIMARY KEY, number int8 NOT NULL, \
           at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 50); \
         COMMENT ON TABLE {schema}.entries IS 'the entries of all trees, in the order of their keys'; \
         COMMENT ON TABLE {schema}.commits IS 'the last commit of each connection: a program that lost one looks here'"
    )
}
