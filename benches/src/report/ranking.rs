//! The ranking of the engines for a kind of work.

use super::engine::{ENGINES, Engine};
use super::figure::{Figure, Figures};
use super::work::Work;

/// How much worse than the best an engine may be and still share its mark: figures of two runs
/// differ by as much.
const SHARES_MARK: f64 = 1.10;

/// The figure of an engine, and its rank among the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) engine: Engine,
    pub(crate) standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Standing {
    /// There is no figure.
    NotMeasured,
    /// The engine is not persistent, and the work is about persistent data.
    DoesNotSuit,
    /// There is a figure, but nothing to compare it with: it is the only one, or the engine is not
    /// persistent.
    Unranked(Figure),
    /// The figure, and its factor relative to the best one.
    Ranked { figure: Figure, factor: f64 },
}

impl Standing {
    /// Tells whether it is the best, or within ten percent of the best.
    pub(crate) fn is_best(&self) -> bool {
        matches!(self, Self::Ranked { factor, .. } if *factor <= SHARES_MARK)
    }
}

/// Compares the engines for a kind of work, all with Arbour, all at the durability of the work.
pub(crate) fn places(figures: &Figures, work: &Work, parameter: Option<u64>) -> Vec<Place> {
    let figure = |engine: &Engine| figures.get(work.group, engine.name, parameter);
    let ranked = ENGINES.iter().filter(|engine| engine.is_persistent);
    let times: Vec<_> = ranked.filter_map(figure).map(|figure| figure.nanoseconds).collect();
    // An engine without competitors does not win.
    let is_race = times.len() > 1;
    let best = times.into_iter().min_by(f64::total_cmp).filter(|_| is_race);
    let place = |engine: Engine| {
        let standing = match (figure(&engine), best) {
            _ if !work.suits(&engine) => Standing::DoesNotSuit,
            (Some(figure), Some(best)) if engine.is_persistent => {
                Standing::Ranked { figure, factor: figure.nanoseconds / best }
            }
            (Some(figure), _) => Standing::Unranked(figure),
            (None, _) => Standing::NotMeasured,
        };
        Place { engine, standing }
    };
    ENGINES.into_iter().map(place).collect()
}
