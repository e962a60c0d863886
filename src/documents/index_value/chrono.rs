//! The moments and dates of `chrono` as values of fields.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, TimeZone};
use serde_json::Value;

use super::{IndexValue, plain};
use crate::documents::{FieldKind, moment};

/// The number that `chrono` gives to 1970-01-01.
const EPOCH: i32 = 719_163;

const NANOSECONDS: u32 = 1_000_000_000;

impl<Z: TimeZone> IndexValue for DateTime<Z> {
    const KIND: FieldKind = FieldKind::Timestamp;
    type Arg<'a> = Self;

    fn field_value(&self) -> Value {
        moment::timestamp_text(nanoseconds(&self.naive_utc())).into()
    }

    fn arg_value(arg: &Self) -> Value {
        arg.field_value()
    }
}

plain! {
    NaiveDateTime, DateTime, |date_time| {
        moment::date_time_text(nanoseconds(date_time)).into()
    };
    NaiveDate, Date, |date| moment::date_text((date.num_days_from_ce() - EPOCH).into()).into();
}

/// Returns the nanoseconds from 1970, as if it were in UTC.
fn nanoseconds(date_time: &NaiveDateTime) -> i128 {
    let moment = date_time.and_utc();
    // `chrono` counts a leap second as more than a second of nanoseconds.
    let fraction = moment.timestamp_subsec_nanos().min(NANOSECONDS - 1);
    i128::from(moment.timestamp()) * i128::from(NANOSECONDS) + i128::from(fraction)
}
