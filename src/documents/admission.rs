//! Which values a kind of field allows, and what it is compared with.

use serde_json::Value;

use super::FieldKind;
use super::scalar::{Scalar, ScalarKind};

impl FieldKind {
    /// Tells whether a value is allowed.
    ///
    /// ```
    /// # use arbour::documents::FieldKind;
    /// assert!(FieldKind::Text.admits(&serde_json::Value::Null));
    /// ```
    #[must_use]
    pub fn admits(self, value: &Value) -> bool {
        Scalar::of(self, value).is_some()
    }

    /// Reads what a field of this kind is compared with. Any number can be compared with an integer,
    /// null with everything.
    ///
    /// # Errors
    /// A noun for the value, if it cannot be compared; `None` if no field can have it.
    pub(super) fn compared(self, value: &Value) -> Result<Scalar<'_>, Option<&'static str>> {
        if let Some(scalar) = Scalar::of(self, value) {
            return Ok(scalar);
        }
        match ScalarKind::of(value) {
            Some(ScalarKind::Number) if self == Self::Integer => Ok(Scalar::Json(value)),
            Some(ScalarKind::Text) if self.has_texts() => Err(Some("a text of another form")),
            kind => Err(kind.map(ScalarKind::noun)),
        }
    }

    /// Whether JSON has texts for values of this kind, which mean something else.
    fn has_texts(self) -> bool {
        matches!(self, Self::Decimal | Self::Timestamp | Self::DateTime | Self::Date)
    }

    /// Tells whether fields of this kind can be compared with values of a type. Null is allowed in
    /// every field.
    #[must_use]
    pub(super) fn is_compared_with(self, sort: ScalarKind) -> bool {
        match self {
            _ if sort == ScalarKind::Null => true,
            Self::Any => true,
            Self::Bool => sort == ScalarKind::Bool,
            Self::Integer | Self::Number => sort == ScalarKind::Number,
            Self::Text => sort == ScalarKind::Text,
            Self::Decimal => sort == ScalarKind::Decimal,
            Self::Timestamp => sort == ScalarKind::Timestamp,
            Self::DateTime => sort == ScalarKind::DateTime,
            Self::Date => sort == ScalarKind::Date,
            Self::Bytes => sort == ScalarKind::Bytes,
        }
    }
}
