//! The outcome for a store.

use std::fmt;

/// The outcome for a store after a fault, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Everything acknowledged is there, nothing else is, and the store accepts another commit.
    Right,
    /// It refused, with the right kind of error.
    Refused,
    /// It refused with an error of another kind.
    WrongKind,
    /// It refused, although the engine without Arbour opens it and has everything.
    WronglyRefused,
    /// Something acknowledged is missing, wrong or incomplete, and no error says so.
    Lost,
    /// A panic reached the caller.
    Panicked,
    /// The process was ended by a signal.
    Aborted,
    /// A call did not return in time.
    Hung,
}

impl Outcome {
    /// All outcomes, from the best to the worst.
    pub const ALL: [Self; 8] = [
        Self::Right,
        Self::Refused,
        Self::WrongKind,
        Self::WronglyRefused,
        Self::Lost,
        Self::Panicked,
        Self::Aborted,
        Self::Hung,
    ];
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Right => "right",
            Self::Refused => "refused",
            Self::WrongKind => "wrong kind",
            Self::WronglyRefused => "wrongly refused",
            Self::Lost => "lost",
            Self::Panicked => "panic",
            Self::Aborted => "abort",
            Self::Hung => "hang",
        })
    }
}

/// An outcome, with its details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The outcome.
    pub outcome: Outcome,
    /// The details, for a person; empty if everything is right.
    pub text: String,
}

impl Finding {
    /// Everything is right.
    pub const RIGHT: Self = Self { outcome: Outcome::Right, text: String::new() };

    /// Makes a finding.
    #[must_use]
    pub fn new(outcome: Outcome, text: impl Into<String>) -> Self {
        Self { outcome, text: text.into() }
    }

    /// Returns the worse of two findings, the first of those that are equally bad.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if other.outcome > self.outcome { other } else { self }
    }

    /// Adds where this was found.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        if self.outcome != Outcome::Right {
            self.text = format!("{place}: {}", self.text);
        }
        self
    }

    /// Formats the finding on one line.
    #[must_use]
    pub fn to_line(&self) -> String {
        format!("{}\t{}", self.outcome, self.text.replace(['\n', '\t'], " "))
    }

    /// Parses what [`to_line`](Self::to_line) formatted.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (outcome, text) = line.split_once('\t')?;
        let outcome = Outcome::ALL.into_iter().find(|known| known.to_string() == outcome)?;
        Some(Self::new(outcome, text))
    }
}
