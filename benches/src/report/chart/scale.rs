//! Logarithmic axes.

/// The range of an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    low: f64,
    high: f64,
}

impl Span {
    /// Spans the given values, extended to round numbers; `None` if there are none.
    pub(crate) fn around(values: impl Iterator<Item = f64>) -> Option<Self> {
        let values = values.filter(|value| value.is_finite() && *value > 0.0);
        let ends = values.fold(None, |ends: Option<(f64, f64)>, value| {
            let (low, high) = ends.unwrap_or((value, value));
            Some((low.min(value), high.max(value)))
        });
        let (low, high) = ends?;
        let low = rounds().take_while(|round| *round <= low).last()?;
        let high = rounds().find(|round| *round > high)?;
        Some(Self { low, high })
    }

    /// Returns the position of a value on the axis, from 0 to 1.
    pub(crate) fn fraction(self, value: f64) -> f64 {
        (value / self.low).ln() / (self.high / self.low).ln()
    }

    /// Returns the values to mark: powers of ten, and more between them if there are few.
    pub(crate) fn ticks(self) -> Vec<f64> {
        let within = |round: &f64| (self.low..=self.high).contains(round);
        let all: Vec<f64> = rounds().filter(within).collect();
        if all.len() <= 7 {
            return all;
        }
        let is_decade = |round: &f64| {
            let exponent = round.log10();
            (exponent - exponent.round()).abs() < 1e-9
        };
        all.into_iter().filter(is_decade).collect()
    }
}

/// 1, 2, 5, 10, 20, 50 and so on, over every possible rate and size.
fn rounds() -> impl Iterator<Item = f64> {
    let decades = (-6..=15).map(|exponent| 10_f64.powi(exponent));
    decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|step| step * decade))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reaches_to_round_numbers() {
        let span = Span::around([1_300.0, 7_900.0].into_iter()).unwrap();
        assert_eq!(span, Span { low: 1_000.0, high: 10_000.0 });
        assert_eq!(span.ticks(), [1_000.0, 2_000.0, 5_000.0, 10_000.0]);
        assert!((span.fraction(1_000.0)).abs() < 1e-9);
        assert!((span.fraction(10_000.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn one_value_spans_something() {
        let span = Span::around([10.0].into_iter()).unwrap();
        assert!(span.low < span.high);
        assert!(Span::around([].into_iter()).is_none());
        assert!(Span::around([f64::INFINITY, 0.0].into_iter()).is_none());
    }

    #[test]
    fn many_decades_are_marked_by_powers_of_ten() {
        let span = Span::around([3.0, 4e6].into_iter()).unwrap();
        let ticks = [1e1, 1e2, 1e3, 1e4, 1e5, 1e6];
        assert!(
            span.ticks()
                .iter()
                .zip(ticks)
                .all(|(tick, expected)| (tick / expected - 1.0).abs() < 1e-9)
        );
    }
}
