//! The file in which PostgreSQL's own programs look passwords up, `~/.pgpass`.

use std::fs;
use std::io;
use std::path::Path;

use arbour_core::{Error, ErrorKind, Operation, Result};

/// Returns the password of the first line that fits a host, port, database and user. Without the file
/// there is none.
///
/// # Errors
/// [`InvalidArgument`](ErrorKind::InvalidArgument) if a line fits and others than the owner can read the file.
pub(crate) fn find(file: &Path, asked: [&str; 4]) -> Result<Option<String>> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let message = "the file with passwords cannot be read";
            let error = Error::new(ErrorKind::Io, Operation::Open, message).with_source(error);
            return Err(error.with_path(file));
        }
    };
    let found = text.lines().find_map(|line| {
        let fields = fields(line);
        let (password, names) = fields.split_last()?;
        let fits = names.len() == asked.len()
            && names.iter().zip(asked).all(|(name, asked)| name == "*" || name == asked);
        fits.then(|| password.clone())
    });
    if found.is_some() && !is_private(file) {
        let message =
            format!("others can read the passwords in the file: run chmod 600 {}", file.display());
        return Err(Error::new(ErrorKind::InvalidArgument, Operation::Open, message));
    }
    Ok(found)
}

fn is_private(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|file| file.permissions().mode() & 0o077 == 0)
}

/// Splits a line at each `:`. A character after a `\` stands for itself. A line that begins with `#` is a
/// comment and has no fields.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let taken = match letter {
            '#' if fields == [""] => return Vec::new(),
            // A password may hold more of them.
            ':' if fields.len() < 5 => {
                fields.push(String::new());
                continue;
            }
            '\\' => letters.next(),
            letter => Some(letter),
        };
        if let Some(field) = fields.last_mut() {
            field.extend(taken);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_five_fields() {
        assert_eq!(fields("h:5432:d:u:p"), ["h", "5432", "d", "u", "p"]);
        assert_eq!(fields(r"\:\:1:*:d:u\\:a:b\:c"), ["::1", "*", "d", r"u\", "a:b:c"]);
        assert_eq!(fields("# h:1:d:u:p"), Vec::<String>::new());
    }
}
