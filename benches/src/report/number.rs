//! Numbers as people read them: three significant digits and a unit.

/// Formats a duration in nanoseconds.
pub(crate) fn duration(nanoseconds: f64) -> String {
    scaled(nanoseconds, &[("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)])
}

/// Formats a rate per second.
pub(crate) fn rate(per_second: f64) -> String {
    scaled(per_second, &[("/s", 1.0), ("k/s", 1e3), ("M/s", 1e6), ("G/s", 1e9)])
}

/// Formats a round rate, for axes: `50 k/s`.
pub(crate) fn round_rate(per_second: f64) -> String {
    let (scale, unit) = match per_second {
        ..1e3 => (1.0, "/s"),
        1e3..1e6 => (1e3, "k/s"),
        1e6..1e9 => (1e6, "M/s"),
        _ => (1e9, "G/s"),
    };
    // Powers of ten are not exact below one: 0.1 would be 0.09999.
    format!("{} {unit}", (per_second / scale * 1e6).round() / 1e6)
}

/// Formats a factor relative to the best.
pub(crate) fn factor(factor: f64) -> String {
    format!("{}×", significant(factor, 2))
}

/// Formats a round count: `100,000`.
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Formats a count briefly: `100 k`.
pub(crate) fn short_count(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{} k", count as f64 / 1e3),
        _ => format!("{} M", count as f64 / 1e6),
    }
}

/// Formats a size in bytes.
pub(crate) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes as f64 / 1_024.0),
        _ => format!("{} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// Takes the largest unit that leaves at least one.
fn scaled(value: f64, units: &[(&str, f64)]) -> String {
    // 999.6 would be rounded to four digits, so it gets the next unit.
    let fits = units.iter().rev().find(|(_, size)| value >= size * 0.9995);
    let Some((unit, size)) = fits.or(units.first()) else { return significant(value, 3) };
    format!("{} {unit}", significant(value / size, 3))
}

fn significant(value: f64, digits: usize) -> String {
    let fits = |text: &String| text.bytes().filter(u8::is_ascii_digit).count() <= digits;
    let texts = (1..digits).rev().map(|places| format!("{value:.places$}"));
    texts.into_iter().find(fits).unwrap_or_else(|| format!("{value:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_a_unit() {
        for (nanoseconds, expected) in [
            (0.5, "0.50 ns"),
            (5.432, "5.43 ns"),
            (54.32, "54.3 ns"),
            (543.2, "543 ns"),
            (999.7, "1.00 µs"),
            (5_432.0, "5.43 µs"),
            (218_906.0, "219 µs"),
            (1_020_400.0, "1.02 ms"),
            (12.34e9, "12.3 s"),
        ] {
            assert_eq!(duration(nanoseconds), expected, "{nanoseconds} ns");
        }
    }

    #[test]
    fn rates_have_three_digits_and_a_unit() {
        for (per_second, expected) in
            [(0.25, "0.25 /s"), (4_568.2, "4.57 k/s"), (1_840_000.0, "1.84 M/s"), (99.96, "100 /s")]
        {
            assert_eq!(rate(per_second), expected, "{per_second} in a second");
        }
    }

    #[test]
    fn round_rates_have_no_zeros_to_spare() {
        let rates = [0.1, 50.0, 1e3, 2e4, 5e6, 1e9].map(round_rate);
        assert_eq!(rates, ["0.1 /s", "50 /s", "1 k/s", "20 k/s", "5 M/s", "1 G/s"]);
    }

    #[test]
    fn counts_and_sizes_are_grouped() {
        assert_eq!(count(100_000), "100,000");
        assert_eq!(count(999), "999");
        assert_eq!(short_count(100_000), "100 k");
        assert_eq!(short_count(1_000_000), "1 M");
        assert_eq!(bytes(16), "16 B");
        assert_eq!(bytes(65_536), "64 KiB");
        assert_eq!(factor(1.234), "1.2×");
        assert_eq!(factor(56.78), "57×");
        assert_eq!(factor(9.97), "10×");
    }
}
