//! Finding where a log refers to a missing large value.
//!
//! sled's recovery skips a record whose file is missing, and applies what follows. That is right
//! for a file that sled has removed because a later record replaces its page. But a power loss can
//! remove files too: sled also splits and moves pages during reads and in a thread of its own, and
//! never syncs the files it writes then. It would skip part of a page that contains durable
//! commits, and apply the records that lead there. So a log that was not closed is cut at the first
//! record whose file is missing although no later record replaces its page. A cut after the last
//! durable flush loses only commits that were not durable; a cut before it is reported as damage.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use arbour_core::Result;

use crate::error;
use crate::record::{Effect, Record, Reference};
use crate::segments::{self, Records, SEGMENT_BYTES, Segment};

/// Cuts the log in a folder at its first gap, durably. `from` is the end of sled's index.
///
/// # Errors
/// [`Corrupted`](arbour_core::ErrorKind::Corrupted) if the gap is before `durable`, because
/// everything up to there was on the device.
pub(crate) fn cut(log: &Path, blobs: &Path, from: u64, durable: u64) -> Result<()> {
    let log = match OpenOptions::new().read(true).write(true).open(log) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        log => log.map_err(error::not_opened)?,
    };
    let mut segments = segments::list(&log)?;
    segments.retain(|segment| segment.begin + SEGMENT_BYTES > from);
    segments.sort_unstable_by_key(|segment| segment.begin);
    let files = list(blobs).map_err(error::not_opened)?;
    let scan = Scan { log: &log, blobs, segments: &segments, files, from };
    let Some(gap) = scan.find().map_err(error::not_opened)? else { return Ok(()) };
    if gap < durable {
        let message = format!("the file of a large value is missing, named at {gap} in the log");
        return Err(error::damaged(message));
    }
    clear(&log, &segments, gap).map_err(error::not_opened)
}

/// Lists the large values by their numbers; none if there is no folder.
fn list(blobs: &Path) -> io::Result<HashSet<u64>> {
    let entries = match fs::read_dir(blobs) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(HashSet::new()),
        entries => entries?,
    };
    let mut files = HashSet::new();
    for entry in entries {
        files.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
    }
    Ok(files)
}

/// Overwrites everything from a position on, as sled does with the rest of a log that ends early.
fn clear(mut log: &File, segments: &[Segment], from: u64) -> io::Result<()> {
    let length = log.metadata()?.len();
    for segment in segments.iter().filter(|segment| segment.begin + SEGMENT_BYTES > from) {
        let begin = segment.place + from.saturating_sub(segment.begin);
        let end = length.min(segment.place + SEGMENT_BYTES);
        log.seek(SeekFrom::Start(begin))?;
        log.write_all(&vec![0; end.saturating_sub(begin) as usize])?;
    }
    log.sync_all()
}

/// A record whose file is missing.
struct Missing {
    at: u64,
    /// Where a later record replaces the page.
    replaced: Option<u64>,
}

/// A log with its segments in order.
struct Scan<'l> {
    log: &'l File,
    blobs: &'l Path,
    segments: &'l [Segment],
    /// The large values that exist.
    files: HashSet<u64>,
    from: u64,
}

impl Scan<'_> {
    fn find(&self) -> io::Result<Option<u64>> {
        // In most logs no file is missing, and the other files need not be read.
        if self.list_missing(false)?.is_empty() {
            return Ok(None);
        }
        let missing = self.list_missing(true)?;
        // A record after the gap is cut off too, so it does not count as a replacement of the page.
        Ok(missing.iter().rev().fold(None, |gap: Option<u64>, missing| {
            let is_replaced = missing.replaced.is_some_and(|at| gap.is_none_or(|gap| at < gap));
            if is_replaced { gap } else { Some(missing.at) }
        }))
    }

    /// Lists the records that sled would apply if their files were not missing.
    fn list_missing(&self, reads_files: bool) -> io::Result<Vec<Missing>> {
        let end = self.find_end(reads_files)?;
        let mut missing: Vec<Missing> = Vec::new();
        let mut unreplaced: HashMap<u64, Vec<usize>> = HashMap::new();
        for segment in self.segments {
            for (at, record) in self.read(segment)?.0 {
                let is_torn =
                    matches!(record.reference, Some(Reference::BatchEnd(last)) if last >= end);
                if at >= end || is_torn {
                    return Ok(missing);
                }
                if at < self.from {
                    continue;
                }
                match record.reference {
                    Some(Reference::File(file)) if !self.files.contains(&file) => {
                        unreplaced.entry(record.page).or_default().push(missing.len());
                        missing.push(Missing { at, replaced: None });
                    }
                    _ if matches!(record.effect, Effect::Replaces | Effect::Frees) => {
                        for place in unreplaced.remove(&record.page).unwrap_or_default() {
                            if let Some(missing) = missing.get_mut(place) {
                                missing.replaced = Some(at);
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(missing)
    }

    /// Returns where sled would end the log: at the first incomplete record after the position
    /// that a later segment's header marks as complete. Segments before it may end in noise.
    fn find_end(&self, reads_files: bool) -> io::Result<u64> {
        let known = self.segments.iter().map(|segment| segment.whole);
        let first = known.fold(self.from, u64::max) / SEGMENT_BYTES * SEGMENT_BYTES;
        let (mut expected, mut end) = (first, 0);
        for segment in self.segments.iter().filter(|segment| segment.begin >= first) {
            if segment.begin != expected {
                break;
            }
            expected += SEGMENT_BYTES;
            let (records, rest) = self.read(segment)?;
            end = rest.unwrap_or(segment.begin + SEGMENT_BYTES);
            if reads_files && let Some(at) = self.find_damaged(&records)? {
                return Ok(at);
            }
            if rest.is_some() {
                break;
            }
        }
        Ok(end)
    }

    /// Returns the first record whose file exists but is incomplete: sled ends the log there.
    fn find_damaged(&self, records: &[(u64, Record)]) -> io::Result<Option<u64>> {
        for (at, record) in records {
            if let Some(Reference::File(file)) = record.reference
                && self.files.contains(&file)
                && !is_whole(&fs::read(self.blobs.join(file.to_string()))?)
            {
                return Ok(Some(*at));
            }
        }
        Ok(None)
    }

    /// Reads the records of a segment, and where they end; `None` if the segment is full.
    fn read(&self, segment: &Segment) -> io::Result<(Records, Option<u64>)> {
        let bytes = segments::read(self.log, segment.place, SEGMENT_BYTES as usize)?;
        Ok(segment.records(&bytes))
    }
}

/// Verifies the checksum at the start of a large value's file.
fn is_whole(file: &[u8]) -> bool {
    file.split_first_chunk().is_some_and(|(stored, summed)| {
        !summed.is_empty() && u32::from_le_bytes(*stored) == crc32fast::hash(summed)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use arbour_core::ErrorKind;

    const LARGE: usize = 300_000;

    /// Returns the number of the file written last.
    fn newest(folder: &Path) -> u64 {
        super::list(&folder.join("blobs")).unwrap().into_iter().max().unwrap()
    }

    fn remove(folder: &Path, file: u64) {
        fs::remove_file(folder.join("blobs").join(file.to_string())).unwrap();
    }

    fn cut(folder: &Path, durable: u64) -> arbour_core::Result<()> {
        super::cut(&folder.join("db"), &folder.join("blobs"), 0, durable)
    }

    /// Creates a database in the state in which a killed process leaves it.
    fn killed(make: impl FnOnce(&sled::Db, &Path)) -> tempfile::TempDir {
        let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let sled = sled::open(folder.path()).unwrap();
        make(&sled, folder.path());
        sled.flush().unwrap();
        for from in [folder.path().to_owned(), folder.path().join("blobs")] {
            let to = copy.path().join(from.strip_prefix(folder.path()).unwrap());
            fs::create_dir_all(&to).unwrap();
            for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_file() {
                    fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
                }
            }
        }
        copy
    }

    #[test]
    fn a_log_is_cut_at_a_file_that_is_missing() {
        let mut missing = 0;
        let folder = killed(|sled, folder| {
            sled.insert("before", "1").unwrap();
            sled.insert("large", vec![7; LARGE]).unwrap();
            missing = newest(folder);
            // At least two more segments follow.
            for number in 0..40_u8 {
                sled.open_tree("other").unwrap().insert([number], vec![number; 30_000]).unwrap();
            }
        });
        let before = fs::read(folder.path().join("db")).unwrap();
        cut(folder.path(), u64::MAX).unwrap();
        remove(folder.path(), missing);
        // This is damage: everything was on the device there.
        assert_eq!(cut(folder.path(), missing + 1).unwrap_err().kind(), ErrorKind::Corrupted);
        assert!(fs::read(folder.path().join("db")).unwrap() == before);
        cut(folder.path(), missing).unwrap();
        let sled = sled::open(folder.path()).unwrap();
        // What sled split for the large value is complete or absent.
        assert!(sled.iter().all(|entry| entry.is_ok()));
        assert!(sled.get("before").unwrap().is_some());
        assert!(!sled.tree_names().contains(&"other".into()));
    }

    #[test]
    fn a_file_of_a_page_that_was_replaced_may_be_missing() {
        let mut first = 0;
        let folder = killed(|sled, folder| {
            sled.insert("large", vec![7; LARGE]).unwrap();
            first = newest(folder);
            // sled writes the whole page after ten changes.
            (0..30_u8).for_each(|number| drop(sled.insert("large", vec![number; LARGE]).unwrap()));
            sled.insert("after", "1").unwrap();
        });
        remove(folder.path(), first);
        let before = fs::read(folder.path().join("db")).unwrap();
        cut(folder.path(), 0).unwrap();
        assert!(fs::read(folder.path().join("db")).unwrap() == before);
        // What replaces the page is cut off together with the file named after it.
        let last = newest(folder.path());
        for file in super::list(&folder.path().join("blobs")).unwrap() {
            if file > first && file != last {
                remove(folder.path(), file);
            }
        }
        cut(folder.path(), 0).unwrap();
        assert!(sled::open(folder.path()).unwrap().get("after").unwrap().is_none());
    }
}
