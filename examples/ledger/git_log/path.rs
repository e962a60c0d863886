//! The path of a file, as `git log --numstat` writes it.

/// The text between the old and the new path of a renamed file. A file whose name contains this
/// text is taken for renamed, because git writes both alike.
const ARROW: &str = " => ";

/// Reads a path, and the old path of a renamed file before it, as in `a => b`, `src/{a => b}/c.rs`
/// or `"t\303\244st" => b`. `None` if it is invalid.
pub(super) fn read(text: &str) -> Option<(Option<String>, String)> {
    let (from, path) = if text.starts_with('"') || text.ends_with('"') {
        quoted(text)?
    } else if let Some((from, path)) = in_braces(text) {
        (Some(from), path)
    } else if let Some((from, path)) = text.split_once(ARROW) {
        (Some(from.to_owned()), path.to_owned())
    } else {
        (None, text.to_owned())
    };
    let is_fit = !path.is_empty() && from.as_ref().is_none_or(|from| !from.is_empty());
    is_fit.then_some((from, path))
}

/// Reads a rename of a part of the path: the text before and after the braces belongs to both
/// paths.
fn in_braces(text: &str) -> Option<(String, String)> {
    let (before, after) = text.split_once(ARROW)?;
    let (folder, from) = before.rsplit_once('{')?;
    let (to, rest) = after.split_once('}')?;
    // Braces in names come in pairs before and after the arrow.
    let are_of_names = from.contains('}') || to.contains('{');
    let is_part =
        (folder.is_empty() || folder.ends_with('/')) && (rest.is_empty() || rest.starts_with('/'));
    let joined = |part: &str| match part {
        // A folder that is only in one of the paths leaves its slash in the other.
        "" => format!("{folder}{}", rest.strip_prefix('/').unwrap_or(rest)),
        part => format!("{folder}{part}{rest}"),
    };
    (is_part && !are_of_names).then(|| (joined(from), joined(to)))
}

/// Reads a path in quotes, or two of which at least one is.
fn quoted(text: &str) -> Option<(Option<String>, String)> {
    let (first, rest) = match text.strip_prefix('"') {
        Some(inner) => unquoted(inner.as_bytes())?,
        None => {
            let (first, _) = text.split_once(ARROW)?;
            (first.to_owned(), text.as_bytes().get(first.len()..)?)
        }
    };
    let rest = std::str::from_utf8(rest).ok()?;
    if rest.is_empty() {
        return Some((None, first));
    }
    let second = rest.strip_prefix(ARROW)?;
    let second = match second.strip_prefix('"') {
        None => second.to_owned(),
        Some(inner) => match unquoted(inner.as_bytes())? {
            (second, []) => second,
            _ => return None,
        },
    };
    Some((Some(first), second))
}

/// Reads a quoted text, as in C, and also returns what follows it.
fn unquoted(mut rest: &[u8]) -> Option<(String, &[u8])> {
    let mut path = Vec::new();
    loop {
        rest = match rest {
            [b'"', behind @ ..] => return Some((String::from_utf8(path).ok()?, behind)),
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', behind @ ..] => {
                path.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                behind
            }
            [b'\\', letter, behind @ ..] => {
                path.push(escaped(*letter)?);
                behind
            }
            [byte, behind @ ..] => {
                path.push(*byte);
                behind
            }
            [] => return None,
        };
    }
}

fn escaped(letter: u8) -> Option<u8> {
    Some(match letter {
        b'a' => 7,
        b'b' => 8,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 11,
        b'f' => 12,
        b'r' => b'\r',
        b'"' | b'\\' => letter,
        _ => return None,
    })
}
