//! Finds wrong counts and unreadable entries, and repairs the counts.

use arbour::key::Key as _;
use arbour::{Cursor as _, Direction, ErrorKind, KeyRange, KvRead, KvStore, KvWrite as _};

use super::variables::VariableKey;
use super::{Error, Scope, Variables};

/// The result of [`Variables::verify`].
#[derive(Debug, Default)]
pub struct Report {
    /// The number of variables.
    pub variables: u64,
    /// The number of users in rooms that have variables.
    pub scopes: u64,
    /// The problems; empty if there are none.
    pub findings: Vec<Finding>,
}

/// A problem.
#[derive(Debug)]
pub enum Finding {
    /// The count differs from the number of variables.
    Wrong {
        /// The user whose variables are counted.
        user: String,
        /// The room.
        room: String,
        /// The stored count.
        stored: i32,
        /// The number of variables.
        actual: u32,
    },
    /// There are variables but no count.
    Missing {
        /// The user whose variables should be counted.
        user: String,
        /// The room.
        room: String,
        /// The number of variables.
        actual: u32,
    },
    /// There is a count but no variable.
    Surplus {
        /// The user whose variables are counted.
        user: String,
        /// The room.
        room: String,
        /// The stored count.
        stored: i32,
    },
    /// An entry of either tree cannot be decoded; the error names the tree and the key.
    Undecodable(arbour::Error),
}

/// The actual variables, by scope.
struct Census {
    /// In the order of the variables.
    counts: Vec<((String, String), u32)>,
    undecodable: Vec<arbour::Error>,
}

impl<S: KvStore> Variables<S> {
    /// Compares every count with the actual variables, and looks for entries that cannot be
    /// decoded. It reads one snapshot, so writes may continue.
    ///
    /// # Errors
    /// The errors of the store. An entry that cannot be decoded is not an error but a problem.
    pub fn verify(&self) -> Result<Report, Error> {
        let snapshot = self.store.snapshot()?;
        self.compare(&snapshot, self.census(&snapshot)?)
    }

    /// Counts all variables again and replaces the wrong counts, in one transaction. Returns what
    /// [`verify`](Self::verify) would have returned before.
    ///
    /// A variable that cannot be decoded stays as it is, because it may be the only evidence: set
    /// it again or delete it. If its name cannot be decoded it is not counted.
    ///
    /// # Errors
    /// What the store reports; nothing is changed then.
    pub fn repair(&self) -> Result<Report, Error> {
        self.store.try_write(|transaction| {
            let census = self.census(transaction)?;
            let counts = census.counts.clone();
            let report = self.compare(transaction, census)?;
            if report.findings.iter().any(|found| self.is_of_counts(found)) {
                // The counts contain nothing that the variables do not: they can all be recomputed.
                transaction.delete_range(self.counts.raw(), KeyRange::all())?;
                for ((user, room), count) in &counts {
                    self.put_count(transaction, Scope { user, room }, *count)?;
                }
            }
            Ok(report)
        })
    }

    /// Tells whether a problem is about a count, so that [`repair`](Self::repair) solves it.
    pub fn is_of_counts(&self, finding: &Finding) -> bool {
        match finding {
            Finding::Undecodable(error) => {
                error.tree() == Some(arbour::Tree::name(self.counts.raw()))
            }
            Finding::Wrong { .. } | Finding::Missing { .. } | Finding::Surplus { .. } => true,
        }
    }

    /// Counts the variables of every scope. Those of one scope are adjacent.
    fn census<R: KvRead>(&self, reader: &R) -> Result<Census, Error> {
        let mut census = Census { counts: Vec::new(), undecodable: Vec::new() };
        let mut cursor = reader.scan(self.values.raw(), KeyRange::all(), Direction::Forward)?;
        while let Some((key, value)) = cursor.next()? {
            let decoded = self.values.decode(key, value);
            census.undecodable.extend(decoded.err());
            // A variable whose value alone is damaged still counts.
            let Ok((scope, _)) = VariableKey::decode_key(key) else {
                continue;
            };
            match census.counts.last_mut() {
                Some((last, count)) if *last == scope => *count += 1,
                _ => census.counts.push((scope, 1)),
            }
        }
        Ok(census)
    }

    fn compare<R: KvRead>(&self, reader: &R, census: Census) -> Result<Report, Error> {
        let mut report = Report {
            variables: census.counts.iter().map(|(_, count)| u64::from(*count)).sum(),
            scopes: census.counts.len() as u64,
            findings: Vec::new(),
        };
        for ((user, room), actual) in census.counts {
            match self.counts.get(reader, ((&user, &room),)) {
                Ok(Some(stored)) if i64::from(stored.get()) == i64::from(actual) => {}
                Ok(Some(stored)) => report.findings.push(Finding::Wrong {
                    user,
                    room,
                    stored: stored.get(),
                    actual,
                }),
                Ok(None) => report.findings.push(Finding::Missing { user, room, actual }),
                // The scan below finds it too.
                Err(error) if error.kind() == ErrorKind::Decode => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.find_surplus(reader, &mut report)?;
        let undecodable = census.undecodable.into_iter();
        report.findings.extend(undecodable.map(Finding::Undecodable));
        Ok(report)
    }

    /// Finds counts without variables, and counts that cannot be decoded.
    fn find_surplus<R: KvRead>(&self, reader: &R, report: &mut Report) -> Result<(), Error> {
        for entry in self.counts.scan(reader, Direction::Forward)? {
            match entry {
                Ok((((user, room),), stored)) => {
                    let scope = Scope { user: &user, room: &room };
                    // The original leaves a stored zero after the last variable.
                    let stored = stored.get();
                    if stored != 0 && !self.has_any(reader, scope)? {
                        report.findings.push(Finding::Surplus { user, room, stored });
                    }
                }
                Err(error) if error.kind() == ErrorKind::Decode => {
                    report.findings.push(Finding::Undecodable(error));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn has_any<R: KvRead>(&self, reader: &R, scope: Scope<'_>) -> Result<bool, Error> {
        let entries = self.values.prefix(reader, scope.group(), Direction::Forward)?;
        let mut cursor = entries.into_raw();
        while let Some((key, _)) = cursor.next()? {
            if VariableKey::decode_key(key).is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
