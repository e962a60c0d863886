//! Reading the operations of a batch.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use crate::database::Op;
use crate::failure::Failure;

/// Reads the operations in the lines of a file; `-` is the standard input. All of them are held in
/// memory, and so is their batch.
pub(crate) fn read(file: &Path) -> Result<Vec<Op>, Failure> {
    let unreadable = |cause| Failure::Input { path: file.to_owned(), cause };
    let input: Box<dyn BufRead> = match file.to_str() {
        Some("-") => Box::new(io::stdin().lock()),
        _ => Box::new(BufReader::new(File::open(file).map_err(unreadable)?)),
    };
    let mut ops = Vec::new();
    for (index, line) in input.lines().enumerate() {
        let line = line.map_err(unreadable)?;
        if line.trim().is_empty() {
            continue;
        }
        let op = serde_json::from_str(&line);
        ops.push(op.map_err(|cause| Failure::of_line(index + 1, &line, cause))?);
    }
    Ok(ops)
}
