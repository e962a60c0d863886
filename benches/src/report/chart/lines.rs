//! Lines: one kind of work over sizes or threads, on logarithmic axes.

use maud::{Markup, html};

use super::super::engine::Engine;
use super::super::figure::{Figure, Figures};
use super::super::number;
use super::super::work::{Axis, Work};
use super::mark::mark;
use super::scale::Span;
use super::{WIDTH, coordinate};

const HEIGHT: f64 = 270.0;
const LEFT: f64 = 58.0;
/// The space to the right is for the engines' names.
const RIGHT: f64 = 372.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 228.0;

/// The minimum distance of readable names.
const NAME_HEIGHT: f64 = 14.0;

/// An engine's figures along the axis, where there are any.
struct Series {
    engine: Engine,
    is_raw: bool,
    points: Vec<(u64, Figure)>,
}

/// Draws a plot. Rates are on the vertical axis, so that higher is better everywhere; `span` is
/// given if plots have to be comparable.
pub(crate) fn lines(
    figures: &Figures,
    work: &Work,
    axis: Axis,
    engines: &[Engine],
    span: Span,
) -> Markup {
    let parameters = figures.parameters(work.group);
    let first = parameters.first().copied().unwrap_or(1).max(1) as f64;
    let last = parameters.last().copied().unwrap_or(1).max(1) as f64;
    let x = |parameter: u64| {
        if last <= first {
            return f64::midpoint(LEFT, RIGHT);
        }
        // A little room on both sides keeps marks off the axis.
        let fraction = (parameter.max(1) as f64 / first).ln() / (last / first).ln();
        LEFT + 16.0 + fraction * (RIGHT - LEFT - 24.0)
    };
    let y = |rate: f64| BOTTOM - span.fraction(rate) * (BOTTOM - TOP);
    let all = series(figures, work, engines, &parameters);
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img"
            aria-label=(format!("{}: {} per second by {}", work.title, work.unit, axis.title())) {
            @for tick in span.ticks() {
                @let at = y(tick);
                line.grid x1=(LEFT) x2=(RIGHT) y1=(coordinate(at)) y2=(coordinate(at)) {}
                text.tick x=(LEFT - 6.0) y=(coordinate(at + 4.0)) text-anchor="end" {
                    (number::round_rate(tick))
                }
            }
            line.axis x1=(LEFT) x2=(RIGHT) y1=(BOTTOM) y2=(BOTTOM) {}
            @for parameter in &parameters {
                text.tick x=(coordinate(x(*parameter))) y=(BOTTOM + 16.0) text-anchor="middle" {
                    (axis.label(*parameter))
                }
            }
            text.tick x=(f64::midpoint(LEFT, RIGHT)) y=(BOTTOM + 34.0) text-anchor="middle" {
                (axis.title())
            }
            @for series in &all { (line(series, axis, &x, &y)) }
            @for (engine, at) in names(&all, &y) {
                text class={ "name engine-" (engine.name) } x=(RIGHT + 4.0)
                    y=(coordinate(at + 4.0)) { (engine.title) }
            }
        }
    }
}

/// Collects the lines; those of raw APIs first, so that Arbour's lie above them.
fn series(figures: &Figures, work: &Work, engines: &[Engine], parameters: &[u64]) -> Vec<Series> {
    let mut all = Vec::new();
    for is_raw in [true, false] {
        for engine in engines.iter().copied() {
            let name = if is_raw { engine.raw_contender() } else { engine.name.to_owned() };
            let points = parameters.iter().filter_map(|parameter| {
                Some((*parameter, figures.get(work.group, &name, Some(*parameter))?))
            });
            let points: Vec<_> = points.collect();
            if !points.is_empty() {
                all.push(Series { engine, is_raw, points });
            }
        }
    }
    all
}

fn line(series: &Series, axis: Axis, x: &dyn Fn(u64) -> f64, y: &dyn Fn(f64) -> f64) -> Markup {
    let points: Vec<_> = series
        .points
        .iter()
        .map(|(parameter, figure)| {
            format!("{},{}", coordinate(x(*parameter)), coordinate(y(figure.rate())))
        })
        .collect();
    let way = if series.is_raw { "its own API" } else { "Arbour" };
    html! {
        g class={ "engine-" (series.engine.name) } {
            polyline class=(if series.is_raw { "raw" } else { "arbour" })
                points=(points.join(" ")) {}
            @for (parameter, figure) in &series.points {
                g class=(if series.is_raw { "mark raw" } else { "mark arbour" }) {
                    title {
                        (series.engine.title) " by " (way) ", " (axis.label(*parameter)) ": "
                        (number::rate(figure.rate())) ", " (number::duration(figure.nanoseconds))
                        " each"
                    }
                    (mark(series.engine.name, x(*parameter), y(figure.rate())))
                }
            }
        }
    }
}

/// Places the engines' names beside the ends of their lines, apart enough to be read.
fn names(all: &[Series], y: &dyn Fn(f64) -> f64) -> Vec<(Engine, f64)> {
    let mut names: Vec<(Engine, f64)> = all
        .iter()
        .filter(|series| !series.is_raw)
        .filter_map(|series| Some((series.engine, y(series.points.last()?.1.rate()))))
        .collect();
    names.sort_by(|(_, above), (_, below)| above.total_cmp(below));
    let mut free = TOP - NAME_HEIGHT;
    for (_, at) in &mut names {
        *at = at.max(free + NAME_HEIGHT);
        free = *at;
    }
    // Names that were pushed below the plot move back up, and push those above them.
    let mut taken = BOTTOM + NAME_HEIGHT;
    for (_, at) in names.iter_mut().rev() {
        *at = at.min(taken - NAME_HEIGHT);
        taken = *at;
    }
    names
}
