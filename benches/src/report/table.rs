//! The table of docs/figures.md.

use super::choice::CHOICES;
use super::engine::ENGINES;
use super::figure::Figures;
use super::number;
use super::ranking::{Place, Standing};
use super::run::Run;

/// Renders "which engine for which work" in Markdown.
pub(crate) fn markdown(figures: &Figures, run: Option<&Run>) -> String {
    let mut text = String::from("| operations a second |");
    for engine in ENGINES {
        text.push_str(&format!(" {} |", engine.title));
    }
    text.push_str("\n|---|");
    text.push_str(&"--:|".repeat(ENGINES.len()));
    text.push('\n');
    for choice in CHOICES {
        text.push_str(&format!("| {} |", escaped(&choice.label(figures))));
        for place in choice.places(figures) {
            text.push_str(&format!(" {} |", cell(&place)));
        }
        text.push('\n');
    }
    text.push_str(
        "\nBold: the best of those that keep what they are given, and what is within 10 % of it. \
         \"–\": keeps nothing, so it has no durable commits.\n",
    );
    if let Some(run) = run {
        text.push_str(&format!("\n{}\n", escaped(&origin(run))));
    }
    text
}

/// Describes in one line how the figures were measured.
fn origin(run: &Run) -> String {
    let machine: Vec<_> = run.machine.iter().map(|fact| fact.value.as_str()).collect();
    let engines: Vec<_> =
        run.engines.iter().map(|engine| format!("{} {}", engine.name, engine.version)).collect();
    let roughly = if run.quick { "Quick run, figures are rough. " } else { "" };
    let date = run.started.split('T').next().unwrap_or_default();
    format!("{roughly}{date}: {}. {}.", machine.join(", "), engines.join(", "))
}

fn cell(place: &Place) -> String {
    match place.standing {
        Standing::NotMeasured => "not measured".to_owned(),
        Standing::DoesNotSuit => "–".to_owned(),
        Standing::Unranked(figure) => number::rate(figure.rate()),
        Standing::Ranked { figure, .. } => {
            let rate = number::rate(figure.rate());
            if place.standing.is_best() { format!("**{rate}**") } else { rate }
        }
    }
}

/// Keeps text from ending its cell or becoming markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if matches!(character, '|' | '<' | '>' | '*' | '_' | '`' | '\\' | '[' | ']') {
            escaped.push('\\');
        }
        escaped.push(if character == '\n' { ' ' } else { character });
    }
    escaped
}
