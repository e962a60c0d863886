//! Tickets in SQLite.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex as BlockingMutex;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::spawn_blocking;

use crate::Failure;

/// As many as `helpdesk` has by default on a small machine.
const READERS: usize = 8;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS tickets (
        id INTEGER PRIMARY KEY AUTOINCREMENT, status TEXT NOT NULL, urgency INTEGER NOT NULL,
        title TEXT NOT NULL, text TEXT NOT NULL, reporter TEXT NOT NULL, assignee TEXT,
        tags TEXT NOT NULL, comments INTEGER NOT NULL, created TEXT NOT NULL, changed TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS by_status ON tickets (status, urgency DESC);
    CREATE INDEX IF NOT EXISTS by_urgency ON tickets (urgency);
    CREATE INDEX IF NOT EXISTS by_reporter ON tickets (reporter);
    CREATE INDEX IF NOT EXISTS by_assignee ON tickets (assignee);
    CREATE TABLE IF NOT EXISTS tags (
        tag TEXT NOT NULL, ticket INTEGER NOT NULL, PRIMARY KEY (tag, ticket)) WITHOUT ROWID;
    CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (title, text, content = '');
    CREATE TABLE IF NOT EXISTS changes (
        position INTEGER PRIMARY KEY AUTOINCREMENT, ticket INTEGER NOT NULL);";

#[derive(Deserialize)]
pub(crate) struct NewTicket {
    title: String,
    #[serde(default)]
    text: String,
    reporter: String,
    #[serde(default)]
    urgency: u8,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Ticket {
    id: i64,
    status: String,
    urgency: u8,
    title: String,
    text: String,
    reporter: String,
    assignee: Option<String>,
    tags: Vec<String>,
    comments: u32,
    created: String,
    changed: String,
}

/// One connection that writes, and a pool of those that read.
pub(crate) struct Database {
    writer: Arc<Mutex<Connection>>,
    readers: Arc<BlockingMutex<Vec<Connection>>>,
    reading: Arc<Semaphore>,
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    Ok(connection)
}

impl Database {
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let writer = connect(path)?;
        writer.execute_batch(SCHEMA)?;
        let readers = (0..READERS).map(|_| connect(path)).collect::<Result<_, _>>()?;
        Ok(Self {
            writer: Arc::new(Mutex::new(writer)),
            readers: Arc::new(BlockingMutex::new(readers)),
            reading: Arc::new(Semaphore::new(READERS)),
        })
    }

    /// Stores a ticket in a transaction of its own.
    pub(crate) async fn insert(&self, new: NewTicket) -> Result<Ticket, Failure> {
        let mut writer = Arc::clone(&self.writer).lock_owned().await;
        spawn_blocking(move || insert(&mut writer, new)).await?
    }

    pub(crate) async fn get(&self, id: i64) -> Result<Option<Ticket>, Failure> {
        let permit = Arc::clone(&self.reading).acquire_owned().await?;
        let readers = Arc::clone(&self.readers);
        spawn_blocking(move || {
            let _permit = permit;
            let reader = readers.lock().pop().ok_or("there is no reader")?;
            let found = get(&reader, id);
            readers.lock().push(reader);
            found
        })
        .await?
    }
}

fn insert(writer: &mut Connection, new: NewTicket) -> Result<Ticket, Failure> {
    let now = Timestamp::now().to_string();
    let mut ticket = Ticket {
        id: 0,
        status: "open".to_owned(),
        urgency: new.urgency,
        title: new.title,
        text: new.text,
        reporter: new.reporter,
        assignee: None,
        tags: new.tags,
        comments: 0,
        created: now.clone(),
        changed: now,
    };
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction
        .prepare_cached(
            "INSERT INTO tickets (status, urgency, title, text, reporter, assignee, tags, comments,
             created, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            ticket.status,
            ticket.urgency,
            ticket.title,
            ticket.text,
            ticket.reporter,
            ticket.assignee,
            serde_json::to_string(&ticket.tags)?,
            ticket.comments,
            ticket.created,
            ticket.changed,
        ])?;
    ticket.id = transaction.last_insert_rowid();
    for tag in &ticket.tags {
        transaction
            .prepare_cached("INSERT OR IGNORE INTO tags (tag, ticket) VALUES (?, ?)")?
            .execute(params![tag, ticket.id])?;
    }
    transaction
        .prepare_cached("INSERT INTO words (rowid, title, text) VALUES (?, ?, ?)")?
        .execute(params![ticket.id, ticket.title, ticket.text])?;
    transaction
        .prepare_cached("INSERT INTO changes (ticket) VALUES (?)")?
        .execute(params![ticket.id])?;
    transaction.commit()?;
    Ok(ticket)
}

fn get(reader: &Connection, id: i64) -> Result<Option<Ticket>, Failure> {
    let mut select = reader.prepare_cached(
        "SELECT id, status, urgency, title, text, reporter, assignee, tags, comments, created,
         changed FROM tickets WHERE id = ?",
    )?;
    let found = select.query_row([id], |row| {
        let ticket = Ticket {
            id: row.get(0)?,
            status: row.get(1)?,
            urgency: row.get(2)?,
            title: row.get(3)?,
            text: row.get(4)?,
            reporter: row.get(5)?,
            assignee: row.get(6)?,
            tags: Vec::new(),
            comments: row.get(8)?,
            created: row.get(9)?,
            changed: row.get(10)?,
        };
        Ok((ticket, row.get::<_, String>(7)?))
    });
    let Some((mut ticket, tags)) = found.optional()? else { return Ok(None) };
    ticket.tags = serde_json::from_str(&tags)?;
    Ok(Some(ticket))
}
