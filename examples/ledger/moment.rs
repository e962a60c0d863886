//! A time in a form that people read.

use std::fmt;

use jiff::Timestamp;

/// Milliseconds since 1970, in UTC; shown in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(pub(crate) i64);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{}", moment.strftime("%F %T")),
            // A log of another program may contain times that are in no calendar.
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}
