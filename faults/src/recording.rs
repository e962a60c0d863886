//! What a process did to its files, as the recorder recorded it.

use std::fs;
use std::path::{Path, PathBuf};

use arbour_core::Durability;

use crate::model;
use crate::{Error, Result};

/// The bytes of a record's header: its letter, three numbers of 64 bits, three lengths of 32.
const HEADER_BYTES: usize = 1 + 3 * 8 + 3 * 4;

/// One call, in the order the calls were made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A file was created.
    Created(Inode, PathBuf),
    /// Bytes were written at an offset.
    Written(Inode, u64, Vec<u8>),
    /// The file got this length.
    Resized(Inode, u64),
    /// The file is at least this long, and its space is allocated.
    Allocated(Inode, u64),
    /// A file or folder was synced.
    Synced(Inode),
    /// Syncing failed: the system treats the data it had to write as written.
    SyncFailed(Inode),
    /// A file or folder was renamed, from the first path to the second.
    Renamed(PathBuf, PathBuf),
    /// A file got a second name.
    Linked(PathBuf, PathBuf),
    /// A name was removed.
    Removed(PathBuf),
    /// A folder was made.
    FolderMade(Inode, PathBuf),
    /// The workload wrote a note.
    Noted(Note),
    /// The call that had to fail, or return short, did so.
    Injected,
}

/// The system's number of a file or folder. It reuses the numbers of removed ones.
pub type Inode = u64;

/// A note of the workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The commit of this number begins.
    Begun(u64),
    /// Everything up to the commit of this number is acknowledged at this level.
    Acknowledged(u64, Durability),
    /// The backup was made after the commit of this number.
    BackedUp(u64),
    /// After a failed commit, the same handle accepted this one.
    WentOn(u64),
    /// A call failed: the kind of its error, and its text.
    Failed(Failing),
    /// The workload found the store wrong while it ran.
    Wrong(String),
    /// The workload has completed.
    Ended,
}

/// A call of the workload that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// What the workload was doing.
    pub during: String,
    /// The kind of the error, or `-` for an engine without Arbour.
    pub kind: String,
    /// The error's text.
    pub text: String,
}

impl Note {
    /// Formats a note on one line.
    #[must_use]
    pub fn to_line(&self) -> String {
        let flat = |text: &str| text.replace(['\n', '\t'], " ");
        match self {
            Self::Begun(number) => format!("begun\t{number}"),
            Self::Acknowledged(number, level) => format!("acknowledged\t{number}\t{level}"),
            Self::BackedUp(number) => format!("backed-up\t{number}"),
            Self::WentOn(number) => format!("went-on\t{number}"),
            Self::Failed(Failing { during, kind, text }) => {
                format!("failed\t{during}\t{kind}\t{}", flat(text))
            }
            Self::Wrong(text) => format!("wrong\t{}", flat(text)),
            Self::Ended => "ended".to_owned(),
        }
    }

    /// Parses what [`to_line`](Self::to_line) formatted.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.trim_end().split('\t');
        let note = match words.next()? {
            "begun" => Self::Begun(words.next()?.parse().ok()?),
            "acknowledged" => Self::Acknowledged(
                words.next()?.parse().ok()?,
                model::durability_named(words.next()?)?,
            ),
            "backed-up" => Self::BackedUp(words.next()?.parse().ok()?),
            "went-on" => Self::WentOn(words.next()?.parse().ok()?),
            "failed" => {
                let mut word = || words.next().map(str::to_owned);
                Self::Failed(Failing { during: word()?, kind: word()?, text: word()? })
            }
            "wrong" => Self::Wrong(words.next()?.to_owned()),
            "ended" => Self::Ended,
            _ => return None,
        };
        Some(note)
    }
}

/// A kind of system call that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallKind {
    /// Opening or creating a file.
    Open,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Changing the length of a file.
    Resize,
    /// Syncing.
    Sync,
    /// Renaming or linking.
    Rename,
    /// Removing a file or folder.
    Remove,
    /// Making a folder.
    Mkdir,
}

impl CallKind {
    /// All kinds, in the order in which recorder.c counts them.
    pub const ALL: [Self; 8] = [
        Self::Open,
        Self::Read,
        Self::Write,
        Self::Resize,
        Self::Sync,
        Self::Rename,
        Self::Remove,
        Self::Mkdir,
    ];

    /// Returns the name that recorder.c knows it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::Write => "write",
            Self::Resize => "resize",
            Self::Sync => "sync",
            Self::Rename => "rename",
            Self::Remove => "remove",
            Self::Mkdir => "mkdir",
        }
    }

    fn of_letter(letter: u8) -> Option<Self> {
        match letter {
            b'O' | b'C' => Some(Self::Open),
            b'R' => Some(Self::Read),
            b'W' => Some(Self::Write),
            b'T' | b'A' => Some(Self::Resize),
            b'S' | b'E' | b'P' => Some(Self::Sync),
            b'N' | b'L' => Some(Self::Rename),
            b'U' => Some(Self::Remove),
            b'M' => Some(Self::Mkdir),
            _ => None,
        }
    }
}

/// The calls of one or more processes.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// The changes of files, and the notes.
    pub events: Vec<Event>,
    /// How many calls of each kind of [`CallKind::ALL`] succeeded.
    pub calls: [u64; CallKind::ALL.len()],
}

impl Recording {
    /// Reads the recorder's log.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read, [`Error::Recording`] if it is not a log, or contains
    /// writes that cannot be recorded.
    pub fn read(path: &Path) -> Result<Self> {
        let log = fs::read(path).map_err(Error::at(path))?;
        let mut recording = Self::default();
        let mut rest = log.as_slice();
        while !rest.is_empty() {
            // A process can end while a thread of the engine writes the record of its last call.
            let Some(record) = Record::cut_from(&mut rest) else { break };
            let kind = CallKind::of_letter(record.letter);
            let place = CallKind::ALL.iter().position(|known| Some(*known) == kind);
            if let Some(count) = place.and_then(|place| recording.calls.get_mut(place)) {
                *count += 1;
            }
            record.add_to(&mut recording.events)?;
        }
        Ok(recording)
    }

    /// Returns the notes, in order.
    pub fn notes(&self) -> impl Iterator<Item = &Note> {
        self.events.iter().filter_map(|event| match event {
            Event::Noted(note) => Some(note),
            _ => None,
        })
    }
}

/// A record of the log.
struct Record<'l> {
    letter: u8,
    inode: u64,
    first: u64,
    path: &'l [u8],
    other: &'l [u8],
    data: &'l [u8],
}

impl<'l> Record<'l> {
    fn cut_from(rest: &mut &'l [u8]) -> Option<Self> {
        let header = cut(rest, HEADER_BYTES)?;
        let long = |at: usize| Some(u64::from_le_bytes(*header.get(at..)?.first_chunk()?));
        let short =
            |at: usize| Some(u32::from_le_bytes(*header.get(at..)?.first_chunk()?) as usize);
        let (path, other, data) = (short(25)?, short(29)?, short(33)?);
        Some(Self {
            letter: *header.first()?,
            inode: long(1)?,
            first: long(9)?,
            path: cut(rest, path)?,
            other: cut(rest, other)?,
            data: cut(rest, data)?,
        })
    }

    fn add_to(&self, events: &mut Vec<Event>) -> Result<()> {
        let Self { letter, inode, first, .. } = *self;
        let (path, other) = (path_of(self.path), path_of(self.other));
        let event = match letter {
            b'C' => Event::Created(inode, path),
            b'O' if first != 0 => Event::Resized(inode, 0),
            b'W' => Event::Written(inode, first, self.data.to_vec()),
            b'T' => Event::Resized(inode, first),
            b'A' => Event::Allocated(inode, first),
            b'S' => Event::Synced(inode),
            b'E' => Event::SyncFailed(inode),
            b'N' => Event::Renamed(path, other),
            b'L' => Event::Linked(path, other),
            b'U' => Event::Removed(path),
            b'M' => Event::FolderMade(inode, path),
            b'!' => Event::Injected,
            b'K' => {
                let text = String::from_utf8_lossy(self.data);
                let notes: Option<Vec<_>> = text.lines().map(Note::parse).collect();
                let notes = notes.ok_or_else(|| Error::Recording(format!("no note: {text}")))?;
                events.extend(notes.into_iter().map(Event::Noted));
                return Ok(());
            }
            // SQLite's index of its log, which it makes anew whenever it opens a file.
            // Neither holds data: SQLite and LMDB make them anew after a loss of power.
            b'X' if self.path.ends_with(b"-shm") || self.path.ends_with(b"/lock.mdb") => {
                return Ok(());
            }
            b'X' => {
                let message = format!("{} is written through a memory map", path.display());
                return Err(Error::Recording(message));
            }
            // Reads, opens, and ranges that do not flush the device's own cache.
            b'O' | b'R' | b'P' => return Ok(()),
            other => return Err(Error::Recording(format!("there is no record {other}"))),
        };
        events.push(event);
        Ok(())
    }
}

fn cut<'l>(rest: &mut &'l [u8], bytes: usize) -> Option<&'l [u8]> {
    let (cut, left) = rest.split_at_checked(bytes)?;
    *rest = left;
    Some(cut)
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;

    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
