//! The moments and dates of `time` as values of fields.
//!
//! Their forms in a document depend on attributes of serde, so the form that aggregates return is read
//! here.

use serde_json::Value;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use super::IndexValue;
use crate::documents::{FieldKind, moment};

/// The Julian day of 1970-01-01.
const EPOCH: i32 = 2_440_588;

macro_rules! moments {
    ($($type:ty, $kind:ident, $to:expr, $from:expr;)*) => {$(
        impl IndexValue for $type {
            const KIND: FieldKind = FieldKind::$kind;
            type Arg<'a> = Self;

            fn field_value(&self) -> Value {
                let text: fn(&Self) -> String = $to;
                text(self).into()
            }

            fn arg_value(arg: &Self) -> Value {
                arg.field_value()
            }

            fn from_plain(value: &Value) -> Option<Self> {
                let read: fn(&Value) -> Option<Self> = $from;
                read(value)
            }
        }
    )*};
}

moments! {
    OffsetDateTime, Timestamp,
    |moment| moment::timestamp_text(moment.unix_timestamp_nanos()),
    |value| OffsetDateTime::from_unix_timestamp_nanos(moment::timestamp(value)?).ok();

    PrimitiveDateTime, DateTime,
    |date_time| moment::date_time_text(date_time.assume_utc().unix_timestamp_nanos()),
    |value| {
        let utc = OffsetDateTime::from_unix_timestamp_nanos(moment::date_time(value)?).ok()?;
        Some(PrimitiveDateTime::new(utc.date(), utc.time()))
    };

    Date, Date,
    |date| moment::date_text((date.to_julian_day() - EPOCH).into()),
    |value| {
        let days = i32::try_from(moment::date(value)?).ok()?;
        Date::from_julian_day(days.checked_add(EPOCH)?).ok()
    };
}
