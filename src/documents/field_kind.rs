//! What values a field may have.

/// The allowed type of a [`Field`](super::Field), in addition to null. A document with a value of
/// another type is refused.
///
/// The kind also says how values compare. A timestamp is a text in JSON, but sorts as a moment, and a
/// decimal number as a number. The document keeps the form that it was written in; a filter finds
/// every form of an equal value, a unique index refuses it, and aggregates return one form for it.
///
/// ```
/// use arbour::documents::FieldKind;
/// # use serde_json::json;
/// assert!(FieldKind::Integer.admits(&json!(3)) && !FieldKind::Integer.admits(&json!(3.5)));
/// assert!(FieldKind::Any.admits(&json!("x")) && !FieldKind::Any.admits(&json!({})));
/// assert!(FieldKind::Timestamp.admits(&json!("2026-05-01T12:00:00.5+02:00")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldKind {
    /// A boolean, a number or a text.
    Any,
    /// A boolean.
    Bool,
    /// A number without a fraction, of up to 128 bits; see [`Integer`](super::Integer).
    Integer,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A decimal number, exact to 28 digits after the point: a text such as `"12.50"`, or an integer.
    /// `"12.5"` and `"12.50"` are equal. The digits before the point fit 128 bits.
    Decimal,
    /// A moment: a date, a time and an offset from UTC as in RFC 3339, to the nanosecond, such as
    /// `"2026-05-01T12:00:00.5+02:00"`. Forms of the same moment are equal, whatever their offset. A
    /// time zone in brackets may follow and is not compared. Years outside 0 to 9999 have a sign and
    /// up to six digits. A leap second counts as the last moment before it.
    Timestamp,
    /// A date with a time but without an offset, such as `"2026-05-01T12:00:00"`.
    DateTime,
    /// A date of the Gregorian calendar, such as `"2026-05-01"`.
    Date,
    /// Bytes: an array of integers from 0 to 255, as serde writes a `Vec<u8>`. They sort as slices do.
    Bytes,
}

impl FieldKind {
    /// Returns the kind of a name, as `Debug` writes it; `None` for one of a later program.
    pub(super) fn named(name: &str) -> Option<Self> {
        let kinds = [
            Self::Any,
            Self::Bool,
            Self::Integer,
            Self::Number,
            Self::Text,
            Self::Decimal,
            Self::Timestamp,
            Self::DateTime,
            Self::Date,
            Self::Bytes,
        ];
        kinds.into_iter().find(|kind| format!("{kind:?}") == name)
    }

    /// Returns a description of the allowed values.
    ///
    /// ```
    /// assert_eq!(arbour::documents::FieldKind::Text.expected(), "a text");
    /// ```
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Self::Any => "a bool, a number or a text",
            Self::Bool => "a bool",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Decimal => "a decimal number in a text, such as \"12.50\", or an integer",
            Self::Timestamp => "a timestamp of RFC 3339, such as \"2026-05-01T12:00:00Z\"",
            Self::DateTime => {
                "a date and a time without an offset, such as \"2026-05-01T12:00:00\""
            }
            Self::Date => "a date, such as \"2026-05-01\"",
            Self::Bytes => "bytes, which are an array of integers from 0 to 255",
        }
    }
}
