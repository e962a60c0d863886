//! Two versions of a program that work on the same documents.

use std::collections::{BTreeMap, BTreeSet};

use arbour::Result;
use arbour::documents::{Declaration, DocError, Field, Filter, Index};
use arbour_core::{Durability, KvStore};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::claims::{load, member, refused};
use crate::documents::{Query, TestCollection, TestReader, TestWriter};
use crate::random::{Random, seed};

/// Enough documents for several chunks, also when some are deleted.
const CROWD: usize = 630;

/// Fields have values below this.
const VALUES: u64 = 6;

/// One in this many transactions is followed by searches, which read all documents.
const SEARCHES: u64 = 3;

/// How many documents a version writes in a transaction.
const WRITES: u64 = 3;

type Bodies = BTreeMap<String, Value>;

/// What a version searches for by an index, and which documents that means.
#[derive(Clone, Copy)]
pub(super) struct Search {
    pub(super) filter: fn(u64) -> Filter<Value>,
    pub(super) is_meant: fn(&Value, u64) -> bool,
}

pub(super) const BY_STATUS: Search = Search {
    filter: |value| Filter::eq("status", value),
    is_meant: |ticket, value| member(ticket, "status") == value,
};

pub(super) const BY_TITLE: Search = Search {
    filter: |value| Filter::words("title", &format!("fire word{value}")),
    is_meant: |ticket, value| member(ticket, "title") == format!("word{value} on fire"),
};

pub(super) const BY_OWNER: Search = Search {
    filter: |value| Filter::eq("owner", value),
    is_meant: |ticket, value| member(ticket, "owner") == value,
};

pub(super) const BY_TAG: Search = Search {
    filter: |value| Filter::contains_any("tags", [value]),
    is_meant: |ticket, value| {
        member(ticket, "tags").as_array().is_some_and(|tags| tags.contains(&json!(value)))
    },
};

pub(super) const BY_CODE: Search = Search {
    filter: |value| Filter::eq("code", format!("c{value}")),
    is_meant: |ticket, value| member(ticket, "code") == format!("c{value}"),
};

/// Declares the fields of all versions, and no index.
pub(super) fn tickets() -> Declaration<Value> {
    Declaration::new("tickets")
        .field(Field::path("status"))
        .field(Field::path("title"))
        .field(Field::path("owner"))
        .field(Field::path("tags").many())
        .field(Field::path("code"))
}

/// The earlier version of every deploy.
pub(super) fn earlier() -> Declaration<Value> {
    tickets().index(Index::on("status")).index(Index::words("title"))
}

/// The documents of a case. Each version writes a third of them, and the last third stays as it is.
pub(super) struct Tickets {
    /// The documents of each version, as they have to be stored.
    shares: [Mutex<Share>; 2],
    unwritten: Bodies,
}

struct Share {
    stored: Bodies,
    random: Random,
}

/// A version of the program.
#[derive(Clone, Copy)]
pub(super) enum Version {
    Earlier,
    Later,
}

impl Tickets {
    /// Makes documents, and stores them.
    pub(super) fn store<S: KvStore>(
        store: &S,
        collection: &impl TestCollection<Value>,
    ) -> Result<Self> {
        let seed = seed();
        println!("ARBOUR_SEED={seed}");
        let mut random = Random::new(seed);
        let mut thirds = [Bodies::new(), Bodies::new(), Bodies::new()];
        for number in 0..CROWD {
            let id = format!("{number:05}");
            let body = body(&id, format!("c{number}"), &mut random);
            if let Some(third) = thirds.get_mut(number % 3) {
                third.insert(id, body);
            }
        }
        let bodies: Vec<Value> = thirds.iter().flat_map(Bodies::values).cloned().collect();
        load(store, collection, &bodies)?;
        let [of_earlier, of_later, unwritten] = thirds;
        let share = |stored, random: &mut Random| {
            Mutex::new(Share { stored, random: Random::new(random.next()) })
        };
        let shares = [share(of_earlier, &mut random), share(of_later, &mut random)];
        Ok(Self { shares, unwritten })
    }

    fn share(&self, version: Version) -> &Mutex<Share> {
        let [earlier, later] = &self.shares;
        match version {
            Version::Earlier => earlier,
            Version::Later => later,
        }
    }

    /// Returns all documents as they were written.
    fn all(&self) -> Bodies {
        let mut all = self.unwritten.clone();
        for share in &self.shares {
            all.extend(share.lock().stored.clone());
        }
        all
    }
}

/// Makes a document with random values.
fn body(id: &str, code: String, random: &mut Random) -> Value {
    json!({
        "id": id, "code": code, "status": random.below(VALUES), "owner": random.below(VALUES),
        "title": format!("word{} on fire", random.below(VALUES)),
        "tags": [random.below(VALUES), random.below(VALUES)],
    })
}

/// Returns all documents.
fn bodies(reader: &impl TestReader<Value>) -> Result<Bodies> {
    let all = reader.all(&Query::new(Filter::All))?;
    Ok(all.into_iter().map(|stored| (stored.id.to_string(), stored.body)).collect())
}

/// A version of the program at work.
pub(super) struct Program<'p, S, C> {
    pub(super) store: &'p S,
    pub(super) collection: C,
    pub(super) version: Version,
    /// Returns a document as this version of the program has it.
    pub(super) form: fn(Value) -> Value,
    pub(super) searches: &'p [Search],
    pub(super) tickets: &'p Tickets,
}

impl<S: KvStore, C: TestCollection<Value>> Program<'_, S, C> {
    /// Writes, and now and then [looks](Self::look). `is_unique` says that a code which is taken has to be
    /// refused.
    pub(super) fn work(&self, is_unique: bool) -> Result<()> {
        let looks = {
            let mut share = self.tickets.share(self.version).lock();
            self.write(&mut share, is_unique)?;
            share.random.one_in(SEARCHES)
        };
        if looks { self.look() } else { Ok(()) }
    }

    fn write(&self, Share { stored, random }: &mut Share, is_unique: bool) -> Result<()> {
        let changes: Vec<_> = (0..WRITES).map(|_| self.change(random)).collect();
        let taken = random.below(self.tickets.unwritten.len() as u64) as usize;
        let taken = self.tickets.unwritten.values().nth(taken).map(|body| member(body, "code"));
        self.store.write_with(Durability::None, |transaction| {
            let mut tickets = self.collection.writer(transaction)?;
            for (id, body) in &changes {
                match body {
                    Some(body) => tickets.set(&(self.form)(body.clone())).map(drop)?,
                    None => tickets.remove(&**id).map(drop)?,
                }
            }
            if is_unique {
                let again = json!({"id": "taken", "code": taken});
                let error = refused(tickets.insert(&again), "a code that is taken");
                if !matches!(error, DocError::Unique { .. }) {
                    return Err(error.into());
                }
            }
            Ok(())
        })?;
        for (id, body) in changes {
            match body {
                Some(body) => stored.insert(id, body),
                None => stored.remove(&id),
            };
        }
        Ok(())
    }

    /// Asserts that what this version wrote is there, and what no version writes, and that each search
    /// is right.
    pub(super) fn look(&self) -> Result<()> {
        let mut share = self.tickets.share(self.version).lock();
        let snapshot = self.store.snapshot()?;
        let reader = self.collection.reader(&snapshot);
        let all = bodies(&reader)?;
        let is_kept =
            |(id, body): (&String, &Value)| all.get(id) == Some(&(self.form)(body.clone()));
        assert!(share.stored.iter().all(is_kept), "documents of this version are lost");
        assert!(self.tickets.unwritten.iter().all(is_kept), "documents of no version are lost");
        let value = share.random.below(VALUES);
        self.check(&reader, &all, [value])
    }

    /// Returns what a version writes: a new body, or none to delete a document.
    fn change(&self, random: &mut Random) -> (String, Option<Value>) {
        let number = 3 * random.below(CROWD as u64 / 3) + self.version as u64;
        let id = format!("{number:05}");
        if random.one_in(4) {
            return (id, None);
        }
        let code = format!("c{number}{}", if random.one_in(2) { " again" } else { "" });
        let body = body(&id, code, random);
        (id, Some(body))
    }

    /// Asserts that each search for these values finds what it means, and that codes are unique.
    fn check(
        &self,
        reader: &impl TestReader<Value>,
        all: &Bodies,
        values: impl IntoIterator<Item = u64> + Clone,
    ) -> Result<()> {
        let codes: BTreeSet<String> =
            all.values().map(|body| member(body, "code").to_string()).collect();
        assert_eq!(codes.len(), all.len(), "codes are unique");
        for search in self.searches {
            for value in values.clone() {
                let filter = (search.filter)(value);
                let what = format!("{filter:?}");
                let found = reader.all(&Query::new(filter))?;
                let found: BTreeSet<_> = found.iter().map(|stored| stored.id.to_string()).collect();
                let meant = all.iter().filter(|(_, body)| (search.is_meant)(body, value));
                let meant: BTreeSet<_> = meant.map(|(id, _)| id.clone()).collect();
                assert_eq!(found, meant, "{what}");
            }
        }
        Ok(())
    }

    /// Asserts that every document is as it was written, and that searches are right, while no version works.
    pub(super) fn check_at_rest(&self) -> Result<()> {
        let snapshot = self.store.snapshot()?;
        let reader = self.collection.reader(&snapshot);
        let all = bodies(&reader)?;
        let written = self.tickets.all().into_iter().map(|(id, body)| (id, (self.form)(body)));
        assert!(all == written.collect(), "documents are lost, or differ from what was written");
        self.check(&reader, &all, 0..VALUES)
    }
}
