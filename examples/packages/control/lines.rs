//! Reads numbered lines.

use std::io::{self, BufRead, Read as _};

/// The longest line that is read: some packages provide thousands of names, in one line.
pub(super) const LINE_BYTES_MAX: usize = 256 * 1024;

/// The lines of an input, one at a time. An input without line breaks cannot fill the memory.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: Vec::new(), number: 0, bytes: 0 }
    }

    /// Returns the next line without its line break, which may be that of Windows, or `None` after
    /// the last one. For a line over [`LINE_BYTES_MAX`] it returns only a little more than that.
    pub(super) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        // Room for the longest line and the line break of Windows.
        const READ_MAX: usize = LINE_BYTES_MAX + 2;
        self.line.clear();
        let mut input = (&mut self.input).take(READ_MAX as u64);
        let mut bytes = input.read_until(b'\n', &mut self.line)?;
        if bytes == 0 {
            return Ok(None);
        }
        if bytes == READ_MAX && !self.line.ends_with(b"\n") {
            bytes += self.input.skip_until(b'\n')?;
        }
        self.number += 1;
        self.bytes += bytes as u64;
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// Returns the number of the line that was read last, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Returns how many bytes were read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}
