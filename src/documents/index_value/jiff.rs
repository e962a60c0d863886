//! The moments and dates of `jiff` as values of fields.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ZonedDateTime};
use serde_json::Value;

use super::{IndexValue, plain};
use crate::documents::FieldKind;

plain! {
    Timestamp, Timestamp, |timestamp| timestamp.to_string().into();
    DateTime, DateTime, |date_time| date_time.to_string().into();
    Date, Date, |date| date.to_string().into();
}

/// It is compared as a moment: the time zone is stored, and does not matter for order and equality.
impl IndexValue for ZonedDateTime {
    const KIND: FieldKind = FieldKind::Timestamp;
    type Arg<'a> = Timestamp;

    fn field_value(&self) -> Value {
        self.to_string().into()
    }

    fn arg_value(arg: &Timestamp) -> Value {
        arg.field_value()
    }
}
