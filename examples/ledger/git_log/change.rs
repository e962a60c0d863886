//! The line of a file that a commit changed.

use super::Fault;
use super::fault::beginning;
use super::header::NAME_BYTES_MAX;
use super::path;
use crate::commit::{Change, Lines};

/// Reads the line: two numbers, or two dashes for a file without lines, and a path.
pub(super) fn read(line: &str) -> Result<Change, Fault> {
    let wrong = || Fault::NotChange(beginning(line));
    let mut fields = line.splitn(3, '\t');
    let mut next = || fields.next().ok_or_else(wrong);
    let (added, removed, text) = (next()?, next()?, next()?);
    let lines = match (added, removed) {
        ("-", "-") => None,
        _ => Some(Lines {
            added: number(added).ok_or_else(wrong)?,
            removed: number(removed).ok_or_else(wrong)?,
        }),
    };
    let (from, path) = path::read(text).ok_or_else(|| Fault::NotPath(beginning(text)))?;
    if let Some(long) = from.iter().chain([&path]).find(|path| path.len() > NAME_BYTES_MAX) {
        return Err(Fault::LongName(beginning(long)));
    }
    Ok(Change { path, from, lines })
}

/// Reads a number that consists of digits only, without the sign that Rust would accept.
fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}
