//! What a store holds, for a person.

use std::fmt;

use arbour_core::engine::TreeName;
use arbour_core::engine::document_layout::{Header, JSON_CODEC};
use arbour_core::{Cursor as _, DynSnapshot, DynStore, KvRead as _, KvStore as _, Result};

/// How many trees are shown.
const TREES_MAX: usize = 50;

/// How many entries of each are shown.
const ENTRIES_MAX: usize = 5;

/// How many characters of a key or a value are shown.
const CHARS_MAX: usize = 200;

/// Writes each tree with the number of its entries and the first of them. Documents and events are
/// shown as JSON where they are stored so.
pub(super) fn show(store: &DynStore, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let engine = store.capabilities().engine;
    let opened = store.snapshot().and_then(|snapshot| Ok((snapshot.trees()?, snapshot)));
    let (names, snapshot) = match opened {
        Ok(opened) => opened,
        Err(error) => return writeln!(f, "the {engine} store cannot be shown: {error}"),
    };
    writeln!(f, "the {engine} store holds {}", counted(names.len() as u64, "tree", "trees"))?;
    for name in names.iter().take(TREES_MAX) {
        match lines(store, &snapshot, name) {
            Ok(lines) => f.write_str(&lines)?,
            Err(error) => writeln!(f, "{name}: {error}")?,
        }
    }
    match names.len().saturating_sub(TREES_MAX) {
        0 => Ok(()),
        more => writeln!(f, "and {}", counted(more as u64, "more tree", "more trees")),
    }
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Returns the lines about a tree.
fn lines(store: &DynStore, snapshot: &DynSnapshot<'_>, name: &str) -> Result<String> {
    let tree = store.open_tree(TreeName::stored(name)?)?;
    let count = snapshot.len(&tree)?;
    let mut lines = format!("{name}: {}\n", counted(count, "entry", "entries"));
    // The layers' own trees other than those of documents and events say little to a person.
    let kind = name.strip_prefix("arbour/").map(|rest| rest.split_once('/').unwrap_or((rest, "")));
    let show_value = match kind {
        None => |_: &[u8], value: &[u8]| Some(shown(value)),
        Some(("doc", _)) => document,
        Some(("log", _)) => event,
        Some(_) => return Ok(lines),
    };
    let mut cursor = snapshot.prefix(&tree, b"")?;
    let mut left = ENTRIES_MAX;
    while let Some((key, value)) = cursor.next()? {
        if left == 0 {
            lines.push_str("  ...\n");
            break;
        }
        if let Some(value) = show_value(key, value) {
            let key = if kind.is_none() {
                format!("\"{}\": ", key.escape_ascii())
            } else {
                String::new()
            };
            lines.push_str(&format!("  {}{}\n", cut(&key), cut(&value)));
            left -= 1;
        }
    }
    Ok(lines)
}

/// Returns the body of a document, if it is JSON, or its bytes.
fn document(key: &[u8], value: &[u8]) -> Option<String> {
    let (codec, body) = match Header::split(value) {
        Ok((header, body)) => (header.codec, body),
        Err(_) => (0, value),
    };
    let shown_key = format!("{}: ", key.escape_ascii());
    Some(if codec == JSON_CODEC { shown(body) } else { shown_key + &shown(body) })
}

/// Returns an event as a line; `None` for another entry of a log.
#[cfg(feature = "events")]
fn event(key: &[u8], value: &[u8]) -> Option<String> {
    let event = crate::events::stored_event(key, value)?;
    let (position, stream, version) = (event.position, event.stream, event.version);
    Some(format!("{position} {stream}/{version} {} {}", event.event_type, shown(event.payload)))
}

#[cfg(not(feature = "events"))]
fn event(_key: &[u8], value: &[u8]) -> Option<String> {
    Some(shown(value))
}

/// Returns a text as it is, and other bytes escaped.
fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(char::is_control) => text.to_owned(),
        _ => bytes.escape_ascii().to_string(),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
