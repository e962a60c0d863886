//! The commits of a log, each good or bad.

use std::io::{self, BufRead};

use super::fault::{beginning, place};
use super::lines::{LINE_BYTES_MAX, Lines};
use super::{BadRecord, Fault, change, header};
use crate::commit::Commit;

/// The longest commit that is read: it may change a hundred thousand files.
pub(super) const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A commit that was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// The line it begins on, from 1.
    pub line: u64,
    /// When it was written, in milliseconds since 1970.
    pub time: i64,
    /// The commit.
    pub commit: Commit,
}

impl Record {
    /// Adds the line of the commit.
    pub fn place(&self) -> String {
        place(self.line, Some(&self.commit.hash))
    }
}

/// Reads the commits of a log. After a bad one it continues with the next.
#[derive(Debug)]
pub struct Records<R> {
    lines: Lines<R>,
    /// The first line of the next commit, which was read to find the end of the one before.
    first: Option<Vec<u8>>,
}

impl<R: BufRead> Records<R> {
    /// Reads the commits of an input.
    pub fn new(input: R) -> Self {
        Self { lines: Lines::new(input), first: None }
    }

    /// Returns the number of the line that was read last.
    pub fn line(&self) -> u64 {
        self.lines.number()
    }

    /// Returns how many bytes were read.
    pub fn bytes(&self) -> u64 {
        self.lines.bytes()
    }

    fn read(&mut self) -> io::Result<Option<Result<Record, BadRecord>>> {
        let first = match self.first.take() {
            Some(first) => first,
            None => match self.first_line()? {
                Some(first) => first,
                None => return Ok(None),
            },
        };
        let number = self.lines.number();
        let mut draft = Draft { line: number, bytes: first.len(), commit: None };
        let mut bad = draft.begin(&first).err().map(|fault| (number, fault));
        while let Some(line) = self.lines.next()? {
            if line.starts_with(header::BEGINNING.as_bytes()) {
                self.first = Some(line.to_vec());
                break;
            }
            // The rest of a bad commit is skipped.
            if bad.is_none() && !line.trim_ascii().is_empty() {
                let read = draft.push(line);
                bad = read.err().map(|fault| (self.lines.number(), fault));
            }
        }
        Ok(Some(match (bad, draft.commit) {
            (None, Some((commit, time))) => Ok(Record { line: draft.line, time, commit }),
            (bad, commit) => {
                let (line, fault) = bad.unwrap_or((number, Fault::NotHeader));
                Err(BadRecord { line, hash: commit.map(|(commit, _)| commit.hash), fault })
            }
        }))
    }

    /// Returns the next line that is not blank.
    fn first_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        while let Some(line) = self.lines.next()? {
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line.to_vec()));
            }
        }
        Ok(None)
    }
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = io::Result<Result<Record, BadRecord>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// A commit that is being read.
struct Draft {
    line: u64,
    bytes: usize,
    commit: Option<(Commit, i64)>,
}

impl Draft {
    fn begin(&mut self, line: &[u8]) -> Result<(), Fault> {
        let line = text(line)?;
        if !line.starts_with(header::BEGINNING) {
            return Err(Fault::NoCommit(beginning(line)));
        }
        self.commit = Some(header::read(line)?);
        Ok(())
    }

    fn push(&mut self, line: &[u8]) -> Result<(), Fault> {
        self.bytes += line.len();
        if self.bytes > RECORD_BYTES_MAX {
            return Err(Fault::LongRecord);
        }
        let change = change::read(text(line)?)?;
        if let Some((commit, _)) = &mut self.commit {
            commit.files.push(change);
        }
        Ok(())
    }
}

fn text(line: &[u8]) -> Result<&str, Fault> {
    if line.len() > LINE_BYTES_MAX {
        return Err(Fault::LongLine);
    }
    std::str::from_utf8(line).map_err(|error| Fault::NotText(error.valid_up_to() + 1))
}
