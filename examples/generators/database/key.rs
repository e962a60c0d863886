//! Keys that are made of segments, such as `modifier:1:place`.
//!
//! Keys are text, so that they can be typed, printed and listed by prefix, and are those of the
//! original: segments with a colon between them. There an id that contains a colon was ambiguous,
//! and the modifiers of `1` were found by a prefix that `10` has too. Here a segment's own colon is
//! written `%3A`, its percent sign `%25`, and a prefix ends at a colon. So two lists of segments
//! never make one key, and keys without either character are unchanged.
//!
//! If keys need not be text, the tuples of [`arbour::key`] are the better choice: they put
//! delimiters between the parts that no text contains, and escape nothing. The example `variables`
//! does that.

/// Makes the key of segments; there has to be at least one.
pub fn join(segments: &[&str]) -> String {
    let escape = |segment: &&str| segment.replace('%', "%25").replace(':', "%3A");
    segments.iter().map(escape).collect::<Vec<_>>().join(":")
}

/// Makes the prefix of the keys that have more segments after these.
pub fn prefix(segments: &[&str]) -> String {
    join(segments) + ":"
}

/// Returns the segments of a key: the inverse of [`join`]. `None` if [`join`] cannot make such a
/// key, because a percent sign is followed by something else.
pub fn split(key: &str) -> Option<Vec<String>> {
    key.split(':').map(unescape).collect()
}

fn unescape(segment: &str) -> Option<String> {
    let mut parts = segment.split('%');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (escaped, rest) = match part.strip_prefix("25") {
            Some(rest) => ('%', rest),
            None => (':', part.strip_prefix("3A")?),
        };
        text.push(escaped);
        text.push_str(rest);
    }
    Some(text)
}
