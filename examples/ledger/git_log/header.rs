//! The line that begins a commit.

use super::Fault;
use super::fault::beginning;
use crate::commit::Commit;

/// The beginning of the line. No line of a file has it, because those begin with a number or a
/// dash.
pub(super) const BEGINNING: &str = "commit ";

/// The longest path and the longest name of an author, in bytes, because they are ids of documents.
pub(super) const NAME_BYTES_MAX: usize = 1000;

/// The author of a commit without one, which git allows: a document needs an id.
const NOBODY: &str = "(nobody)";

/// Reads the line: a commit that has no files yet, and its time in milliseconds since 1970.
pub(super) fn read(line: &str) -> Result<(Commit, i64), Fault> {
    let fields = line.strip_prefix(BEGINNING).ok_or(Fault::NotHeader)?;
    let mut fields = fields.splitn(5, '\t');
    let mut next = || fields.next().ok_or(Fault::NotHeader);
    let (hash, time, day, author, subject) = (next()?, next()?, next()?, next()?, next()?);
    if !is_hash(hash) {
        return Err(Fault::NotHash(beginning(hash)));
    }
    let seconds: i64 = time.parse().map_err(|_| Fault::NotTime(beginning(time)))?;
    let milliseconds = seconds.checked_mul(1000).ok_or_else(|| Fault::NotTime(beginning(time)))?;
    if !is_day(day) {
        return Err(Fault::NotDay(beginning(day)));
    }
    if author.len() > NAME_BYTES_MAX {
        return Err(Fault::LongName(beginning(author)));
    }
    let author = if author.trim().is_empty() { NOBODY } else { author };
    let commit = Commit {
        hash: hash.to_owned(),
        author: author.to_owned(),
        day: day.to_owned(),
        subject: subject.to_owned(),
        files: Vec::new(),
    };
    Ok((commit, milliseconds))
}

/// Tells whether a text is a hash: SHA-1, or SHA-256.
fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64)
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Tells whether a text is a day, such as `2026-01-31`: days are compared as text.
pub fn is_day(text: &str) -> bool {
    let is_shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let number = |range| text.get(range).and_then(|digits: &str| digits.parse().ok());
    is_shaped
        && number(5..7).is_some_and(|month: u8| (1..=12).contains(&month))
        && number(8..10).is_some_and(|day: u8| (1..=31).contains(&day))
}
