//! The segments of sled's log.
//!
//! If the header of a segment is damaged, sled skips the segment, and everything it writes there
//! later. It also skips the rest of a segment after a damaged
//! record, unless the segment is the last one. So both are checked before sled opens a log that was
//! not closed.
//!
//! A header lies within one sector: after a power loss it is complete, or the earlier one, or, in a
//! segment that was never used, zeros.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::Path;

use arbour_core::{Operation, Result};

use crate::error;
use crate::record::{self, Effect, Record};

pub(crate) const SEGMENT_BYTES: u64 = 512 << 10;

/// The checksum, where the segment begins, and how far the log was complete when it was begun.
const HEADER_BYTES: usize = 20;

/// A segment in use.
pub(crate) struct Segment {
    /// Where it begins, counted in all bytes that were ever written to the log.
    pub(crate) begin: u64,
    /// Its offset in the file.
    pub(crate) place: u64,
    /// How far the log was complete when the segment was begun.
    pub(crate) whole: u64,
}

impl Segment {
    /// Splits the bytes of the segment into records, each with its position. Also returns where
    /// they end, if the segment does not end there.
    pub(crate) fn records(&self, bytes: &[u8]) -> (Records, Option<u64>) {
        let mut records = Vec::new();
        let mut offset = HEADER_BYTES;
        while offset + record::HEADER_MAX <= SEGMENT_BYTES as usize {
            let at = self.begin + offset as u64;
            let rest = bytes.get(offset..).unwrap_or_default();
            match Record::read(rest, self.begin / SEGMENT_BYTES) {
                None => return (records, Some(at)),
                Some(record) if record.effect == Effect::Fills => break,
                Some(record) => {
                    records.push((at, record));
                    offset += record.length;
                }
            }
        }
        (records, None)
    }
}

/// Records and their positions.
pub(crate) type Records = Vec<(u64, Record)>;

/// Lists the segments of a log that are in use.
pub(crate) fn list(log: &File) -> Result<Vec<Segment>> {
    let length = log.metadata().map_err(error::not_opened)?.len();
    let mut segments = Vec::new();
    for place in (0..length).step_by(SEGMENT_BYTES as usize) {
        segments.extend(read_header(log, place)?);
    }
    Ok(segments)
}

/// Checks the header of each segment of a log, and the records in a range of it: those put on the
/// device since sled wrote its last index.
pub(crate) fn check(log: &File, range: &Range<u64>) -> Result<()> {
    let mut walk = Walk::default();
    for segment in list(log)? {
        if segment.begin + SEGMENT_BYTES > range.start {
            walk.read(log, &segment, range).map_err(error::not_opened)?;
        }
    }
    walk.check()
}

/// Segments and their offsets in the file.
type Places = Vec<(u64, Vec<u8>)>;

/// Reads the segments that reach beyond a position, and where their last complete record ends;
/// `None` if they are longer than `most`.
pub(crate) fn read_from(log: &File, from: u64, most: u64) -> Result<Option<(Places, u64)>> {
    let (mut segments, mut end) = (Vec::new(), 0);
    for segment in list(log)? {
        if segment.begin + SEGMENT_BYTES <= from {
            continue;
        }
        if (segments.len() as u64 + 1) * SEGMENT_BYTES > most {
            return Ok(None);
        }
        let place = segment.place;
        let bytes = read(log, place, SEGMENT_BYTES as usize).map_err(error::not_opened)?;
        end = end.max(segment.begin + end_of_records(&bytes, segment.begin / SEGMENT_BYTES));
        segments.push((place, bytes));
    }
    Ok(Some((segments, end)))
}

/// Writes the segments that reach beyond a position again, durably.
pub(crate) fn rewrite(log: &Path, from: u64) -> Result<()> {
    let failed = error::not_closed;
    let mut log = OpenOptions::new().read(true).write(true).open(log).map_err(failed)?;
    for segment in list(&log).map_err(|error| error.with_operation(Operation::Close))? {
        if segment.begin + SEGMENT_BYTES > from {
            let bytes = read(&log, segment.place, SEGMENT_BYTES as usize).map_err(failed)?;
            log.seek(SeekFrom::Start(segment.place)).map_err(failed)?;
            log.write_all(&bytes).map_err(failed)?;
        }
    }
    log.sync_all().map_err(failed)
}

/// Returns where the last complete record of a segment ends, ignoring padding.
fn end_of_records(bytes: &[u8], segment: u64) -> u64 {
    let mut offset = HEADER_BYTES;
    while let Some(record) = Record::read(bytes.get(offset..).unwrap_or_default(), segment)
        && record.effect != Effect::Fills
    {
        offset += record.length;
    }
    offset as u64
}

/// Reads the header at an offset of the file: `None` if the segment is unused.
fn read_header(log: &File, place: u64) -> Result<Option<Segment>> {
    let header = read(log, place, HEADER_BYTES).map_err(error::not_opened)?;
    let (Some((stored, summed)), HEADER_BYTES) = (header.split_first_chunk(), header.len()) else {
        return Ok(None);
    };
    if header.iter().all(|&byte| byte == 0) {
        return Ok(None);
    }
    // sled inverts checksums once more, and all bits of numbers except the sign.
    let number = |at| {
        let bytes: Option<&[u8; 8]> = summed.get(at..).and_then(<[u8]>::first_chunk);
        bytes.map(|bytes| i64::from_le_bytes(*bytes) ^ i64::MAX)
    };
    match (number(0).map(u64::try_from), number(8)) {
        (Some(Ok(begin)), Some(last_whole))
            if u32::from_le_bytes(*stored) == !crc32fast::hash(summed) =>
        {
            // The last byte is -1 if nothing was written yet.
            let whole = u64::try_from(last_whole).unwrap_or(0);
            Ok(Some(Segment { begin, place, whole }))
        }
        _ => {
            let segment = place / SEGMENT_BYTES;
            Err(error::damaged(format!("segment {segment} of the log has lost its header")))
        }
    }
}

/// Reads bytes of the log; fewer at its end.
pub(crate) fn read(mut log: &File, place: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length);
    log.seek(SeekFrom::Start(place))?;
    log.take(length as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The records of some segments.
///
/// A segment may legitimately end in noise: nothing in it was needed any more, and sled was writing
/// to its end when it was killed. So a segment that ends too early is damaged only if something in
/// it is still needed: a record of a page that no later record replaces.
#[derive(Default)]
struct Walk {
    /// Where each page was last replaced.
    replaced: HashMap<u64, u64>,
    /// The records in segments that end too early: the page, and the position of the record.
    doubtful: Vec<(u64, u64)>,
}

impl Walk {
    fn read(&mut self, log: &File, segment: &Segment, range: &Range<u64>) -> io::Result<()> {
        let bytes = read(log, segment.place, SEGMENT_BYTES as usize)?;
        let mut records = Vec::new();
        let mut offset = HEADER_BYTES;
        let is_whole = loop {
            let at = segment.begin + offset as u64;
            if offset + record::HEADER_MAX > SEGMENT_BYTES as usize || at >= range.end {
                break true;
            }
            let rest = bytes.get(offset..).unwrap_or_default();
            match Record::read(rest, segment.begin / SEGMENT_BYTES) {
                None => break at < range.start,
                Some(record) => {
                    offset += record.length;
                    match record.effect {
                        Effect::Replaces | Effect::Frees => {
                            let last = self.replaced.entry(record.page).or_default();
                            *last = at.max(*last);
                        }
                        Effect::Changes | Effect::Nothing => {}
                        Effect::Fills => break true,
                    }
                    if matches!(record.effect, Effect::Replaces | Effect::Changes) {
                        records.push((record.page, at));
                    }
                }
            }
        };
        if !is_whole {
            self.doubtful.append(&mut records);
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        for (page, at) in &self.doubtful {
            if self.replaced.get(page).is_none_or(|replaced| at >= replaced) {
                let segment = at / SEGMENT_BYTES;
                let message = format!("a record in part {segment} of the log is damaged");
                return Err(error::damaged(message));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, FileTimes};
    use std::io::Write as _;
    use std::time::UNIX_EPOCH;

    use super::{HEADER_BYTES, SEGMENT_BYTES, check, read_from, rewrite};

    const FILLS: u8 = 2;
    const REPLACES: u8 = 8;
    const CHANGES: u8 = 10;

    /// The length of each record created here.
    const RECORD_BYTES: u64 = 4 + 4 + 10;

    fn header(segment: u8) -> Vec<u8> {
        let begin = (u64::from(segment) * SEGMENT_BYTES) ^ (u64::MAX >> 1);
        let summed = [begin.to_le_bytes(), [0; 8]].concat();
        [&(!crc32fast::hash(&summed)).to_le_bytes()[..], &summed].concat()
    }

    fn record(segment: u8, kind: u8, page: u8) -> Vec<u8> {
        let (header, body) = ([kind, 10, segment, page], [7; 10]);
        let sum = !crc32fast::hash(&[&body[..], &header].concat());
        [&sum.to_le_bytes()[..], &header, &body].concat()
    }

    /// Creates a log of segments, each with records of a kind and a page.
    fn log(segments: &[&[(u8, u8)]]) -> Vec<u8> {
        let mut log = Vec::new();
        for (number, records) in (0..).zip(segments) {
            let begin = log.len();
            log.extend(header(number));
            for &(kind, page) in *records {
                log.extend(record(number, kind, page));
            }
            log.resize(begin + SEGMENT_BYTES as usize, 0);
        }
        log
    }

    fn is_accepted(log: &[u8], range: std::ops::Range<u64>) -> bool {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(log).unwrap();
        check(&file, &range).is_ok()
    }

    /// Returns where the record with a number begins in the first segment.
    fn place(record: u64) -> u64 {
        HEADER_BYTES as u64 + record * RECORD_BYTES
    }

    #[test]
    fn no_more_of_a_log_is_read_than_may_be_kept() {
        let log = log(&[&[(REPLACES, 1)], &[(REPLACES, 2)], &[(REPLACES, 3)]]);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&log).unwrap();
        let read = |from, most| read_from(&file, from, most).unwrap().map(|(read, _)| read.len());
        assert_eq!(read(0, 3 * SEGMENT_BYTES), Some(3));
        assert_eq!(read(0, 3 * SEGMENT_BYTES - 1), None);
        assert_eq!(read(SEGMENT_BYTES, 2 * SEGMENT_BYTES), Some(2));
        assert_eq!(read(SEGMENT_BYTES - 1, 2 * SEGMENT_BYTES), None);
        assert_eq!(read(3 * SEGMENT_BYTES, 0), Some(0));
    }

    #[test]
    fn what_reaches_beyond_a_position_is_written_again() {
        let log = log(&[&[(REPLACES, 1)], &[(REPLACES, 2)]]);
        let file = tempfile::NamedTempFile::new().unwrap();
        for (from, is_written) in [(0, true), (2 * SEGMENT_BYTES - 1, true), (u64::MAX, false)] {
            fs::write(file.path(), &log).unwrap();
            let past = FileTimes::new().set_modified(UNIX_EPOCH);
            file.as_file().set_times(past).unwrap();
            rewrite(file.path(), from).unwrap();
            let modified = fs::metadata(file.path()).unwrap().modified().unwrap();
            assert_eq!(modified > UNIX_EPOCH, is_written, "from {from}");
            assert!(fs::read(file.path()).unwrap() == log);
        }
    }

    #[test]
    fn a_header_is_whole_or_absent() {
        let log = log(&[&[(REPLACES, 1), (FILLS, 0)], &[(REPLACES, 2), (FILLS, 0)]]);
        assert!(is_accepted(&log, 0..2 * SEGMENT_BYTES));
        for begin in [0, SEGMENT_BYTES as usize] {
            for place in begin..begin + HEADER_BYTES {
                let mut damaged = log.clone();
                damaged[place] ^= 1;
                assert!(!is_accepted(&damaged, 0..0), "byte {place}");
            }
            let mut unused = log.clone();
            unused[begin..begin + HEADER_BYTES].fill(0);
            assert!(is_accepted(&unused, 0..2 * SEGMENT_BYTES));
        }
        assert!(is_accepted(&log[..SEGMENT_BYTES as usize + 7], 0..SEGMENT_BYTES));
    }

    #[test]
    fn a_damaged_record_behind_one_that_is_needed_is_detected() {
        let records = [(REPLACES, 1), (CHANGES, 1), (REPLACES, 2), (FILLS, 0)];
        let log = log(&[&records, &[(REPLACES, 2), (FILLS, 0)]]);
        let all = 0..2 * SEGMENT_BYTES;
        for number in 1..=3 {
            for offset in 0..RECORD_BYTES {
                let mut damaged = log.clone();
                damaged[(place(number) + offset) as usize] ^= 1;
                assert!(!is_accepted(&damaged, all.clone()), "record {number}, byte {offset}");
                // Not yet on the device, or already in the index.
                assert!(is_accepted(&damaged, 0..place(number)));
                assert!(is_accepted(&damaged, place(number) + 1..2 * SEGMENT_BYTES));
            }
        }
    }

    #[test]
    fn a_segment_of_which_nothing_is_needed_may_end_in_noise() {
        let records = [(REPLACES, 1), (CHANGES, 1), (CHANGES, 2), (FILLS, 0)];
        let all = 0..2 * SEGMENT_BYTES;
        for (later, is_needed) in [
            (&[(REPLACES, 1), (REPLACES, 2), (FILLS, 0)][..], false),
            (&[(4, 1), (4, 2), (FILLS, 0)], false),
            (&[(REPLACES, 1), (CHANGES, 2), (FILLS, 0)], true),
            (&[(CHANGES, 1), (REPLACES, 2), (FILLS, 0)], true),
        ] {
            let mut log = log(&[&records, later]);
            log[place(3) as usize] ^= 1;
            assert_eq!(is_accepted(&log, all.clone()), !is_needed, "{later:?}");
        }
    }
}
