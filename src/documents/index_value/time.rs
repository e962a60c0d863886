//! The moments and dates of `time` as values of fields.

use serde_json::Value;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use super::{IndexValue, plain};
use crate::documents::{FieldKind, moment};

/// The Julian day of 1970-01-01.
const EPOCH: i32 = 2_440_588;

plain! {
    OffsetDateTime, Timestamp, |moment| {
        moment::timestamp_text(moment.unix_timestamp_nanos()).into()
    };
    PrimitiveDateTime, DateTime, |date_time| {
        moment::date_time_text(date_time.assume_utc().unix_timestamp_nanos()).into()
    };
    Date, Date, |date| moment::date_text((date.to_julian_day() - EPOCH).into()).into();
}
