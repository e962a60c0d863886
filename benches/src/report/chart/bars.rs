//! Bars: one kind of work, engine by engine, Arbour above the engine's own API.

use maud::{Markup, html};

use super::super::engine::Engine;
use super::super::figure::{Figure, Figures};
use super::super::number;
use super::super::work::Work;
use super::{WIDTH, coordinate};

/// Where bars begin and the length of the longest one; the space to its right is for its figure.
const LEFT: f64 = 66.0;
const LONGEST: f64 = 278.0;

/// The height of an engine's row with two bars, and of one with one.
const PAIR: f64 = 42.0;
const SINGLE: f64 = 26.0;

const TOP: f64 = 6.0;
const BAR: f64 = 15.0;

/// Draws a plot. Bars begin at zero: half as long is half as much. The persistent engines set the
/// scale; if the bar of an engine in memory exceeds it, the bar ends in an arrow, because otherwise
/// the others would be too short to compare.
pub(crate) fn bars(figures: &Figures, work: &Work, engines: &[Engine]) -> Markup {
    let by = |contender: &str| figures.get(work.group, contender, None);
    let rows: Vec<_> = engines
        .iter()
        .map(|engine| {
            let raw = work.has_raw && engine.is_persistent;
            let own = if raw { Some(by(&engine.raw_contender())) } else { None };
            (*engine, by(engine.name), own)
        })
        .collect();
    let most = |kept: bool| {
        let rows = rows.iter().filter(|(engine, ..)| engine.is_persistent || !kept);
        let measured = rows.flat_map(|(_, arbour, own)| [*arbour, own.flatten()]).flatten();
        measured.map(|figure| figure.rate()).fold(0.0, f64::max)
    };
    let most = if most(true) > 0.0 { most(true) } else { most(false) };
    let mut tops = Vec::new();
    let mut end = TOP;
    for (.., own) in &rows {
        tops.push(end);
        end += if own.is_some() { PAIR } else { SINGLE };
    }
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {end}")) role="img"
            aria-label=(format!("{}: {} per second by engine", work.title, work.unit)) {
            line.axis x1=(LEFT) x2=(LEFT) y1="0" y2=(coordinate(end)) {}
            @for ((engine, arbour, own), top) in rows.iter().zip(tops) {
                g class={ "engine-" (engine.name) } {
                    text.name x=(LEFT - 8.0) y=(coordinate(top + BAR - 3.0)) text-anchor="end" {
                        (engine.title)
                    }
                    (bar(*arbour, most, top, false))
                    @if let Some(own) = own { (bar(*own, most, top + BAR + 3.0, true)) }
                }
            }
        }
    }
}

fn bar(figure: Option<Figure>, most: f64, top: f64, is_raw: bool) -> Markup {
    let suffix = if is_raw { " raw" } else { "" };
    let baseline = coordinate(top + BAR - 3.5);
    let Some(figure) = figure else {
        return html! {
            text.missing x=(LEFT + 6.0) y=(baseline) { "not measured" (suffix) }
        };
    };
    let reach = |rate: f64| LONGEST * (rate / most).min(1.0);
    let length = reach(figure.rate());
    let (low, high) = (reach(1e9 / figure.high), reach(1e9 / figure.low));
    let middle = coordinate(top + BAR / 2.0);
    let is_beyond = figure.rate() > most * 1.001;
    let text = LEFT + length.max(high) + if is_beyond { 14.0 } else { 6.0 };
    html! {
        rect class=(if is_raw { "raw" } else { "arbour" }) x=(LEFT) y=(coordinate(top))
            width=(coordinate(length.max(1.0))) height=(BAR) rx="1.5" {
            title {
                (number::rate(figure.rate())) ", " (number::duration(figure.nanoseconds)) " each ("
                (number::duration(figure.low)) " to " (number::duration(figure.high)) ")"
            }
        }
        @if is_beyond {
            polygon.beyond points=(arrow(LEFT + LONGEST, top)) {}
        } @else if high - low > 2.0 {
            line.interval x1=(coordinate(LEFT + low)) x2=(coordinate(LEFT + high))
                y1=(middle) y2=(middle) {}
        }
        text.figure x=(coordinate(text)) y=(baseline) {
            (number::rate(figure.rate())) @if is_raw { tspan.quiet { " raw" } }
        }
    }
}

/// The head of an arrow at the end of a bar.
fn arrow(x: f64, top: f64) -> String {
    let corners = [(x - 1.0, top), (x + 9.0, top + BAR / 2.0), (x - 1.0, top + BAR)];
    let corners = corners.map(|(x, y)| format!("{},{}", coordinate(x), coordinate(y)));
    corners.join(" ")
}
