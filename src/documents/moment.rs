//! Moments and dates: the text forms that dates and times have in JSON, and numbers that sort alike.
//!
//! The forms are those of RFC 3339 and RFC 9557, to which the crates `jiff`, `chrono` and `time`
//! serialize, and the two that `time` has by default: a text with spaces, and an array of numbers.
//! The arithmetic of the calendar is that of Howard Hinnant, "chrono-Compatible Low-Level Date
//! Algorithms": the Gregorian calendar, extended to years before its introduction.

use serde_json::Value;

const NANOSECONDS: i128 = 1_000_000_000;
const SECONDS_OF_DAY: i64 = 86_400;

/// The days from 0000-03-01, where the years of the algorithm begin, to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;

/// The days of 400 years, after which the calendar repeats itself.
const ERA_DAYS: i64 = 146_097;

/// Years that are written with four digits and no sign.
const PLAIN_YEARS: std::ops::RangeInclusive<i64> = 0..=9999;

/// Returns the nanoseconds from 1970 to the moment that a value means, which has an offset from UTC.
pub(super) fn timestamp(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => {
            let mut text = Reader(text.as_bytes());
            let local = text.date_time()?;
            let offset = text.offset()?;
            text.zone()?;
            text.end()?;
            Some(local - i128::from(offset) * NANOSECONDS)
        }
        value => {
            let [date_time @ .., hours, minutes, seconds] = &integers(value)?[..] else {
                return None;
            };
            let is_offset = hours.abs() < 26 && minutes.abs() < 60 && seconds.abs() < 60;
            let offset = hours * 3600 + minutes * 60 + seconds;
            let local = date_time_of(date_time)?;
            is_offset.then_some(local - i128::from(offset) * NANOSECONDS)
        }
    }
}

/// Returns the nanoseconds from 1970 to a date with a time that has no offset, as if it were UTC.
pub(super) fn date_time(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => {
            let mut text = Reader(text.as_bytes());
            let date_time = text.date_time()?;
            text.end()?;
            Some(date_time)
        }
        value => date_time_of(&integers(value)?),
    }
}

/// Returns the days from 1970 to a date.
pub(super) fn date(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => {
            let mut text = Reader(text.as_bytes());
            let days = text.date()?;
            text.end()?;
            Some(days.into())
        }
        value => match &integers(value)?[..] {
            [year, ordinal] => ordinal_days(*year, *ordinal).map(i128::from),
            _ => None,
        },
    }
}

/// Formats what [`timestamp`] returns, in UTC.
pub(super) fn timestamp_text(nanoseconds: i128) -> String {
    date_time_text(nanoseconds) + "Z"
}

/// Formats what [`date_time`] returns.
pub(super) fn date_time_text(nanoseconds: i128) -> String {
    let (seconds, fraction) =
        (nanoseconds.div_euclid(NANOSECONDS), nanoseconds.rem_euclid(NANOSECONDS));
    let day = i128::from(SECONDS_OF_DAY);
    let (days, second) = (seconds.div_euclid(day), seconds.rem_euclid(day));
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut text = format!("{}T{hour:02}:{minute:02}:{second:02}", date_text(days));
    if fraction != 0 {
        text.push_str(format!(".{fraction:09}").trim_end_matches('0'));
    }
    text
}

/// Formats what [`date`] returns.
pub(super) fn date_text(days: i128) -> String {
    let (year, month, day) = civil(days as i64);
    if PLAIN_YEARS.contains(&year) {
        return format!("{year:04}-{month:02}-{day:02}");
    }
    let sign = if year < 0 { '-' } else { '+' };
    format!("{sign}{:06}-{month:02}-{day:02}", year.abs())
}

/// Returns the days from 1970 to a date; `None` if the calendar does not have it.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // The years of the algorithm begin in March, so that the leap day is their last.
    let year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = year.rem_euclid(400);
    let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + day_of_year;
    Some(year.div_euclid(400) * ERA_DAYS + day_of_era - EPOCH_DAYS)
}

/// Returns the days from 1970 to a day of a year, which is counted from one.
fn ordinal_days(year: i64, ordinal: i64) -> Option<i64> {
    let year = (-999_999..=999_999).contains(&year).then_some(year)?;
    let days = days(year, 1, 1)? + ordinal - 1;
    (ordinal >= 1 && civil(days).0 == year).then_some(days)
}

/// Returns the year, the month and the day of a day since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH_DAYS;
    let day_of_era = days.rem_euclid(ERA_DAYS);
    let of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = of_era + days.div_euclid(ERA_DAYS) * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Returns the elements of an array of integers.
fn integers(value: &Value) -> Option<Vec<i64>> {
    value.as_array()?.iter().map(Value::as_i64).collect()
}

/// Returns the nanoseconds to the date and time that `time` writes as numbers.
fn date_time_of(numbers: &[i64]) -> Option<i128> {
    let [year, ordinal, hour, minute, second, nanosecond] = *numbers else { return None };
    let is_nanosecond = (0..NANOSECONDS as i64).contains(&nanosecond);
    let seconds = ordinal_days(year, ordinal)? * SECONDS_OF_DAY + time(hour, minute, second)?;
    is_nanosecond.then(|| i128::from(seconds) * NANOSECONDS + i128::from(nanosecond))
}

/// Returns the seconds of a day up to a time.
fn time(hour: i64, minute: i64, second: i64) -> Option<i64> {
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    is_time.then_some(hour * 3600 + minute * 60 + second)
}

/// Reads a text from its front.
struct Reader<'t>(&'t [u8]);

impl Reader<'_> {
    /// Takes the next byte if it is one of these.
    fn take(&mut self, allowed: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        allowed.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// Takes a number with a minimal and a maximal number of digits.
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let digits = self.0.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = self.0.split_at_checked(digits).filter(|_| digits >= least)?;
        self.0 = rest;
        Some(number.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
    }

    fn date(&mut self) -> Option<i64> {
        let year = match self.take(b"+-") {
            Some(b'-') => -self.number(4, 6)?,
            Some(_) => self.number(4, 6)?,
            None => self.number(4, 4)?,
        };
        self.take(b"-")?;
        let month = self.number(2, 2)?;
        self.take(b"-")?;
        days(year, month, self.number(2, 2)?)
    }

    fn date_time(&mut self) -> Option<i128> {
        let days = self.date()?;
        self.take(b"Tt ")?;
        let hour = self.number(1, 2)?;
        self.take(b":")?;
        let minute = self.number(2, 2)?;
        self.take(b":")?;
        let second = self.number(2, 2)?;
        let mut fraction = if self.take(b".,").is_some() { self.fraction()? } else { 0 };
        if second == 60 {
            // A leap second counts as the last moment before it.
            fraction = NANOSECONDS as i64 - 1;
        }
        let seconds = days * SECONDS_OF_DAY + time(hour, minute, second.min(59))?;
        (second <= 60).then(|| i128::from(seconds) * NANOSECONDS + i128::from(fraction))
    }

    /// Takes the digits of a fraction of a second, and returns nanoseconds.
    fn fraction(&mut self) -> Option<i64> {
        let length = self.0.len();
        let digits = self.number(1, 9)?;
        // Finer than nanoseconds, only zeros can be kept.
        let read = length - self.0.len();
        while read == 9 && self.take(b"0").is_some() {}
        Some(digits * 10_i64.pow(9 - read as u32))
    }

    /// Takes an offset from UTC, and returns its seconds.
    fn offset(&mut self) -> Option<i64> {
        if self.take(b"Zz").is_some() {
            return Some(0);
        }
        self.take(b" ");
        let sign = if self.take(b"+-")? == b'-' { -1 } else { 1 };
        let hours = self.number(2, 2).filter(|hours| *hours < 26)?;
        self.take(b":")?;
        let minutes = self.number(2, 2).filter(|minutes| *minutes < 60)?;
        let seconds = match self.take(b":") {
            Some(_) => self.number(2, 2).filter(|seconds| *seconds < 60)?,
            None => 0,
        };
        Some(sign * (hours * 3600 + minutes * 60 + seconds))
    }

    /// Passes over the time zone in brackets, if there is one. The offset says which moment it is.
    fn zone(&mut self) -> Option<()> {
        while self.take(b"[").is_some() {
            let end = self.0.iter().position(|byte| *byte == b']')?;
            self.0 = self.0.get(end + 1..)?;
        }
        Some(())
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}
