//! Plots, as SVG that is part of the page: its colours are the page's, in light and dark.

mod bars;
mod lines;
mod mark;
mod scale;

pub(crate) use bars::bars;
pub(crate) use lines::lines;
pub(crate) use scale::Span;

/// The width of every plot, in its own units; the page scales it. It is narrow, so that text stays
/// readable on a phone.
const WIDTH: f64 = 440.0;

/// Formats a coordinate: a tenth of a unit is finer than any screen.
fn coordinate(value: f64) -> String {
    format!("{value:.1}")
}
