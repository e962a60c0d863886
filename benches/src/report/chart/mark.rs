//! The marks on lines: a shape for each engine, for readers who cannot distinguish their colours.

use maud::{Markup, html};

use super::coordinate;

/// Draws an engine's mark.
pub(super) fn mark(engine: &str, x: f64, y: f64) -> Markup {
    let at = |(dx, dy): (f64, f64)| format!("{},{}", coordinate(x + dx), coordinate(y + dy));
    let points = |corners: &[(f64, f64)]| {
        let corners: Vec<_> = corners.iter().copied().map(at).collect();
        corners.join(" ")
    };
    let corners: &[(f64, f64)] = match engine {
        "sqlite" => &[(-3.6, -3.6), (3.6, -3.6), (3.6, 3.6), (-3.6, 3.6)],
        "sled" => &[(0.0, -4.8), (4.6, 3.4), (-4.6, 3.4)],
        "fjall" => &[(0.0, -5.0), (4.8, -1.6), (3.0, 4.2), (-3.0, 4.2), (-4.8, -1.6)],
        "lmdb" => &[(-5.0, 0.0), (-1.6, -4.8), (4.2, -2.8), (4.2, 2.8), (-1.6, 4.8)],
        "rocksdb" => &[(0.0, -5.2), (5.2, 0.0), (0.0, 5.2), (-5.2, 0.0)],
        "memory" => &[(-4.6, -3.4), (4.6, -3.4), (0.0, 4.8)],
        _ => &[],
    };
    html! {
        @if corners.is_empty() {
            circle cx=(coordinate(x)) cy=(coordinate(y)) r="4.2" {}
        } @else {
            polygon points=(points(corners)) {}
        }
    }
}
