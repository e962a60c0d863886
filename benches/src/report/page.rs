//! The page.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart::{Span, bars, lines};
use super::choice::CHOICES;
use super::engine::{ENGINES, Engine};
use super::figure::{Figure, Figures};
use super::number;
use super::ranking::{Place, Standing, places};
use super::run::Run;
use super::work::{Axis, DURABLE_WRITERS, DURABLE_WRITERS_GROUPED, TOPICS, Work};

const STYLE: &str = include_str!("style.css");

/// The maximum width of an interval before the page points it out.
const SURE_PERCENT_MAX: f64 = 20.0;

/// How many columns of figures have room for their intervals beside them.
const ROOMY_COLUMNS_MAX: usize = 3;

/// Renders the page: first the figures that decide, last how they were measured.
pub(crate) fn render(figures: &Figures, run: Option<&Run>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Arbour: which engine for which work" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Which engine for which work" }
                    (subtitle(figures, run))
                    (warnings(figures, run))
                }
                main {
                    (choices(figures))
                    @if let Some(run) = run { (engines(figures, run)) }
                    (legend())
                    @for topic in &TOPICS {
                        section {
                            h2 { (topic.title) }
                            div.works { @for work in topic.works { (work_card(figures, work)) } }
                        }
                    }
                    (method(figures, run))
                }
            }
        }
    }
}

fn subtitle(figures: &Figures, run: Option<&Run>) -> Markup {
    html! {
        p.subtitle {
            "Arbour " (run.map_or(env!("CARGO_PKG_VERSION"), |run| run.arbour.as_str()))
            @if let Some(run) = run {
                ", measured " time datetime=(run.started) { (moment(&run.started)) }
                @for fact in &run.machine { " · " (fact.value) }
            } @else {
                ". There is no description of the run beside the figures."
            }
            @if figures.is_empty() { ". Nothing was measured yet." }
        }
    }
}

/// Shortens a time to the precision that readers need.
fn moment(started: &str) -> String {
    match started.split_once('T') {
        Some((date, time)) => {
            let minutes: String = time.chars().take(5).collect();
            format!("{date} {minutes} UTC")
        }
        None => started.to_owned(),
    }
}

fn warnings(figures: &Figures, run: Option<&Run>) -> Markup {
    let quick = run.is_some_and(|run| run.quick);
    let said = run.map(|run| run.warnings.as_slice()).unwrap_or_default();
    html! {
        @if quick {
            p.warning {
                "A quick run: short measurements and small stores, to see that it works. Choose "
                "nothing by these figures."
            }
        }
        @for warning in said { p.warning { (warning) } }
        @for path in figures.unreadable() {
            p.warning { "Half written by a stopped run, left out: " (path.display()) }
        }
    }
}

fn choices(figures: &Figures) -> Markup {
    html! {
        section.choices {
            table {
                thead {
                    tr {
                        th scope="col" { "operations a second" }
                        @for engine in ENGINES {
                            th scope="col" class={ "engine-" (engine.name) } {
                                span.swatch {} (engine.title)
                            }
                        }
                    }
                }
                tbody {
                    @for choice in CHOICES {
                        tr {
                            th scope="row" { (choice.label(figures)) }
                            @for place in choice.places(figures) { (choice_cell(&place)) }
                        }
                    }
                }
            }
            p.note {
                mark { "Marked" } " is the best of the engines that keep what they are given, and "
                "what is within 10 % of it, all asked for the same durability. The small number "
                "says how many times slower than the best an engine is. memory keeps nothing: it "
                "is shown for comparison, and not where commits have to last."
            }
        }
    }
}

fn choice_cell(place: &Place) -> Markup {
    let name = place.engine.title;
    match place.standing {
        Standing::NotMeasured => html! { td.missing data-engine=(name) { "not measured" } },
        Standing::DoesNotSuit => html! { td.missing data-engine=(name) { "–" } },
        Standing::Unranked(figure) => html! {
            td.unranked data-engine=(name) { span { (number::rate(figure.rate())) } }
        },
        Standing::Ranked { figure, factor } => html! {
            td data-engine=(name) {
                @if place.standing.is_best() {
                    mark { (number::rate(figure.rate())) }
                } @else {
                    span { (number::rate(figure.rate())) }
                    small { (number::factor(factor)) }
                }
            }
        },
    }
}

/// What each engine is, what it does for a commit, and what it is best at.
fn engines(figures: &Figures, run: &Run) -> Markup {
    html! {
        section {
            h2 { "Engines and what their commits survive" }
            div.engines {
                @for facts in &run.engines {
                    article class={ "engine-" (facts.name) } {
                        h3 { span.swatch {} (title(&facts.name)) " " small { (facts.version) } }
                        p { (facts.provision) }
                        dl {
                            @for fact in &facts.durability {
                                dt { (fact.name) }
                                dd { (fact.value) }
                            }
                        }
                        (best_at(figures, &facts.name))
                    }
                }
            }
        }
    }
}

fn title(engine: &str) -> &str {
    ENGINES.iter().find(|known| known.name == engine).map_or(engine, |known| known.title)
}

fn best_at(figures: &Figures, engine: &str) -> Markup {
    let is_best = |place: &Place| place.engine.name == engine && place.standing.is_best();
    let best: Vec<String> = CHOICES
        .iter()
        .filter(|choice| choice.places(figures).iter().any(is_best))
        .map(|choice| choice.label(figures))
        .collect();
    html! {
        @if !best.is_empty() {
            p.best { "Best, or within 10 % of it: " }
            ul { @for label in &best { li { (label) } } }
        }
    }
}

fn legend() -> Markup {
    html! {
        p.legend {
            "In the plots more is better. Full bars and lines are Arbour, pale bars and dashed "
            "lines the engine's own API (raw), used as quickly as is right for the same guarantee. "
            "Bars begin at zero, and an arrow is a bar too long to be drawn; the axes of lines are "
            "logarithmic. Figures are medians, thin lines and ± their 95 % interval, red where "
            "it is wide."
        }
    }
}

/// One kind of work: its plot and its figures.
fn work_card(figures: &Figures, work: &Work) -> Markup {
    let engines: Vec<Engine> = ENGINES.into_iter().filter(|engine| work.suits(engine)).collect();
    html! {
        article.work id=(work.group) {
            h3 { (work.title) }
            p { (work.what) }
            @match work.axis {
                None => {
                    figure {
                        figcaption { (work.unit) " per second" }
                        (bars(figures, work, &engines))
                    }
                    (details(figures, work, &[None], &engines))
                }
                Some(axis) => {
                    @let parameters = figures.parameters(work.group);
                    @if let Some(span) = span(figures, work) {
                        figure {
                            figcaption { (work.unit) " per second" }
                            (lines(figures, work, axis, &engines, span))
                        }
                        @let parameters: Vec<_> = parameters.into_iter().map(Some).collect();
                        (details(figures, work, &parameters, &engines))
                    } @else {
                        p.missing { "not measured" }
                    }
                }
            }
        }
    }
}

/// Spans the rates of a kind of work; the writers with and without groups share a span, because
/// readers compare the two.
fn span(figures: &Figures, work: &Work) -> Option<Span> {
    let compared = [DURABLE_WRITERS, DURABLE_WRITERS_GROUPED];
    let works = if compared.contains(work) { compared.to_vec() } else { vec![*work] };
    if figures.parameters(work.group).is_empty() {
        return None;
    }
    let mut rates = Vec::new();
    for work in works {
        for parameter in figures.parameters(work.group) {
            for engine in ENGINES {
                for contender in [engine.name.to_owned(), engine.raw_contender()] {
                    rates.extend(figures.get(work.group, &contender, Some(parameter)));
                }
            }
        }
    }
    Span::around(rates.iter().map(Figure::rate))
}

/// The figures behind a plot: what one operation takes, by contender and parameter.
fn details(
    figures: &Figures,
    work: &Work,
    parameters: &[Option<u64>],
    engines: &[Engine],
) -> Markup {
    let label = |parameter: &Option<u64>| match (work.axis, parameter) {
        (Some(axis), Some(parameter)) => axis.label(*parameter),
        _ => "time".to_owned(),
    };
    html! {
        div.scroll {
            table.figures.dense[parameters.len() > ROOMY_COLUMNS_MAX] {
                thead {
                    tr {
                        th scope="col" { (work.axis.map_or("", Axis::title)) }
                        @for parameter in parameters { th scope="col" { (label(parameter)) } }
                    }
                }
                tbody {
                    @for engine in engines {
                        tr class={ "engine-" (engine.name) } {
                            th scope="row" { span.swatch {} (engine.title) }
                            @for parameter in parameters {
                                @let marked = places(figures, work, *parameter).iter().any(|place|
                                    place.engine == *engine && place.standing.is_best());
                                (time(figures.get(work.group, engine.name, *parameter), marked))
                            }
                        }
                        @if work.has_raw && engine.is_persistent {
                            tr.raw {
                                th scope="row" { "raw" }
                                @for parameter in parameters {
                                    (time(figures.get(work.group, &engine.raw_contender(),
                                        *parameter), false))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn time(figure: Option<Figure>, marked: bool) -> Markup {
    let Some(figure) = figure else { return html! { td.missing { "not measured" } } };
    let text = number::duration(figure.nanoseconds);
    let apart = (figure.high - figure.low) / 2.0 / figure.nanoseconds * 100.0;
    html! {
        td {
            @if marked { mark { (text) } } @else { (text) }
            small.unsure[apart > SURE_PERCENT_MAX] { "±" (format!("{apart:.0}")) " %" }
        }
    }
}

fn method(figures: &Figures, run: Option<&Run>) -> Markup {
    html! {
        section.method {
            h2 { "How it was measured" }
            @if let Some(run) = run {
                dl {
                    dt { "Arbour" } dd { (run.arbour) }
                    @for fact in &run.machine { dt { (fact.name) } dd { (fact.value) } }
                    @if let Some((oldest, newest)) = figures.period() {
                        dt { "figures" }
                        dd {
                            (number::count(figures.len() as u64)) ", measured from "
                            (moment(&oldest.to_string())) " to " (moment(&newest.to_string()))
                        }
                    }
                }
            }
            ul {
                li {
                    "Keys have 16 bytes, values 100 where nothing else is said, and no engine can "
                    "compress them. Stores are written out and settled before they are read, and "
                    "fit in the machine's memory."
                }
                li {
                    "Engines run as Arbour opens them by default, and their own APIs with the same "
                    "settings. Every read looks at both ends of what it reads."
                }
                li {
                    "sled has no snapshots of its own: its raw figures read what is there at the "
                    "moment, and promise less than Arbour's."
                }
                li {
                    "An engine without a level of durability gives the next one up, and is ranked "
                    "by what was asked for. A flush costs what the device makes of it: on another "
                    "disk the durable figures are others."
                }
                li {
                    "Arbour and raw are measured one after another here; "
                    code { "cargo run --release -p arbour-benches --bin overhead" }
                    " runs them alternately, and is the one to believe about what Arbour costs."
                }
                li {
                    "To repeat: " code { "cargo bench -p arbour-benches" } ", or with "
                    code { "ARBOUR_BENCH=quick" } " in a few minutes. One topic: "
                    code { "cargo bench -p arbour-benches -- commit" } "."
                }
            }
        }
    }
}
