//! The segments that sled's log is made of.
//!
//! sled skips a segment whose header is damaged, with all that is in it, and what it writes later
//! into that segment it skips as well. So the headers are checked before sled opens a log that was
//! not closed. A header lies within one sector: after a loss of power it is whole, or the one
//! before it, or, in a segment that was never used, zeros.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use arbour_core::Result;

use crate::error;

pub(crate) const SEGMENT_BYTES: u64 = 512 << 10;

/// The checksum, the number of the segment, and how far the log was whole when it was begun.
const HEADER_BYTES: usize = 20;

/// Checks the header of each segment of a log.
pub(crate) fn check_headers(log: &File) -> Result<()> {
    let length = log.metadata().map_err(error::not_opened)?.len();
    let mut place = 0;
    while place + HEADER_BYTES as u64 <= length {
        let header = read_header(log, place).map_err(error::not_opened)?;
        if !is_whole(&header) {
            let segment = place / SEGMENT_BYTES;
            return Err(error::damaged(format!(
                "segment {segment} of the log has lost its header"
            )));
        }
        place += SEGMENT_BYTES;
    }
    Ok(())
}

fn read_header(mut log: &File, place: u64) -> io::Result<[u8; HEADER_BYTES]> {
    let mut header = [0; HEADER_BYTES];
    log.seek(SeekFrom::Start(place))?;
    log.read_exact(&mut header)?;
    Ok(header)
}

fn is_whole(header: &[u8; HEADER_BYTES]) -> bool {
    let Some((stored, summed)) = header.split_first_chunk() else { return false };
    // sled inverts the checksum once more.
    *header == [0; HEADER_BYTES] || u32::from_le_bytes(*stored) == !crc32fast::hash(summed)
}
