//! The seal of a store's folder: what the folder is, and how it was left.
//!
//! ```text
//! arbour-sled 1 closed 0123456789abcdef      one line, padded: it is overwritten in place
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::path::Path;

use arbour_core::engine::StoreLock;
use arbour_core::{Error, ErrorKind, Operation, Result};

use crate::error;

/// The version of the format that this backend writes.
const VERSION: u32 = 1;

const MAGIC: &str = "arbour-sled";

/// The length of the line. It never changes, so rewriting the line never changes the length of the
/// file, and the device writes it atomically, because it lies in one sector.
const LINE_BYTES: usize = 64;

/// The length of a checksum in the line.
const SUM_DIGITS: usize = 16;

/// What the seal says about the files next to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The store is being created: nothing was acknowledged yet.
    New,
    /// The store is in use, or its process died. [sled's log](crate::log_end) reaches at least this
    /// far on the device.
    Open(u64),
    /// The store was closed; this is the checksum of its files.
    Closed(u64),
}

/// The file that says how the store was left. Its lock is the lock of the store.
pub(crate) struct Seal {
    lock: StoreLock,
}

impl Seal {
    pub(crate) const NAME: &str = "seal";

    /// Opens and locks the seal at a path; returns `None` if it is absent.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>> {
        match options().open(path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => Self::locked(opened).map(Some),
        }
    }

    /// Creates and locks the seal at a path, or opens the one that another process has created
    /// meanwhile.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        Self::locked(match options().create_new(true).open(path) {
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => options().open(path),
            created => created,
        })
    }

    fn locked(opened: io::Result<File>) -> Result<Self> {
        Ok(Self { lock: StoreLock::exclusive(opened.map_err(error::not_opened)?)? })
    }

    /// Reads the seal; `None` if it is empty, because the process or the system stopped before its
    /// first line was written.
    pub(crate) fn read(&self) -> Result<Option<State>> {
        let mut bytes = Vec::new();
        let mut file = self.lock.file();
        file.rewind().and_then(|()| file.read_to_end(&mut bytes)).map_err(error::not_opened)?;
        // After a power loss, a file system may keep the length of a file but lose its data: it
        // reads as zeros.
        if bytes.iter().all(|&byte| byte == 0) {
            return Ok(None);
        }
        let text = std::str::from_utf8(&bytes);
        parse(text.map_err(|_| error::damaged("the file `seal` is not text"))?).map(Some)
    }

    /// Writes the seal, durably.
    pub(crate) fn mark(&self, state: State) -> io::Result<()> {
        self.note(state)?;
        self.lock.file().sync_data()
    }

    /// Writes the seal without waiting for the device: it survives a crash of the process. After a
    /// power loss the seal may be an earlier one.
    pub(crate) fn note(&self, state: State) -> io::Result<()> {
        write_at_start(self.lock.file(), &line(state))
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    options
}

#[cfg(unix)]
fn write_at_start(file: &File, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, 0)
}

#[cfg(not(unix))]
fn write_at_start(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;

    file.rewind()?;
    file.write_all(bytes)
}

fn line(state: State) -> Vec<u8> {
    let state = match state {
        State::New => "new".to_owned(),
        State::Open(end) => format!("open {end}"),
        State::Closed(sum) => format!("closed {sum:0SUM_DIGITS$x}"),
    };
    let mut line = format!("{MAGIC} {VERSION} {state}").into_bytes();
    line.resize(LINE_BYTES - 1, b' ');
    line.push(b'\n');
    line
}

fn parse(text: &str) -> Result<State> {
    let mut words = text.split_ascii_whitespace();
    let version = match (words.next(), words.next().map(str::parse::<u32>)) {
        (Some(MAGIC), Some(Ok(version))) => version,
        _ => return Err(error::damaged("the file `seal` is not one of Arbour's")),
    };
    if version > VERSION {
        let message =
            format!("the store has format {version}, and this program reads format {VERSION}");
        return Err(Error::new(ErrorKind::TooNew, Operation::Open, message));
    }
    match (words.next(), words.next(), words.next()) {
        (Some("new"), None, None) => Ok(State::New),
        // Earlier versions did not record how far the log reaches.
        (Some("open"), None, None) => Ok(State::Open(0)),
        // If the system wrote part of a line and then lost power, the rest is from the earlier
        // line: part of a checksum, or nothing. The files are unchanged, so sled can recover.
        (Some("closed"), Some(sum), None) if is_part_of_sum(sum) => Ok(State::Open(0)),
        (Some("open"), Some(end), None | Some(_)) => end
            .parse()
            .map(State::Open)
            .map_err(|_| error::damaged("the file `seal` does not say how far the log reaches")),
        (Some("closed"), Some(sum), None) => u64::from_str_radix(sum, 16)
            .map(State::Closed)
            .map_err(|_| error::damaged("the file `seal` holds no checksum")),
        _ => Err(error::damaged("the file `seal` does not say how the store was left")),
    }
}

fn is_part_of_sum(text: &str) -> bool {
    text.len() < SUM_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::{LINE_BYTES, Seal, State, line, parse};

    #[test]
    fn a_seal_that_cannot_be_opened_is_not_taken_for_an_absent_one() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Seal::open(&folder.path().join("seal")).unwrap().is_none());
        let refused = Seal::open(folder.path()).err().map(|error| error.kind());
        assert_eq!(refused, Some(arbour_core::ErrorKind::Io), "a folder is no seal");
    }

    #[test]
    fn what_is_written_is_read() {
        for number in [0, 1, u64::MAX] {
            for state in [State::New, State::Open(number), State::Closed(number)] {
                let line = line(state);
                assert_eq!(line.len(), LINE_BYTES);
                assert_eq!(parse(std::str::from_utf8(&line).unwrap()).unwrap(), state);
            }
        }
        assert_eq!(parse("arbour-sled 1 open\n").unwrap(), State::Open(0));
    }

    #[test]
    fn a_line_of_which_a_part_was_written_is_read() {
        let (open, closed) = (State::Open(428_003), State::Closed(0x0123_4567_89ab_cdef));
        for (before, after, part) in [(open, closed, State::Open(0)), (closed, open, open)] {
            for written in 26..LINE_BYTES {
                let torn = [&line(after)[..written], &line(before)[written..]].concat();
                let read = parse(std::str::from_utf8(&torn).unwrap()).unwrap();
                assert!(read == part || read == after, "{read:?} of {written} bytes");
            }
        }
    }
}
