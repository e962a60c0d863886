//! What many callers gain by sharing their commits.

use std::time::Duration;

use arbour_core::{Durability, KvStore, Result};

use super::teller::{Place, Stores};
use crate::comparison::{Bound, Rows};
use crate::scratch::Scratch;
use crate::subject::{Native, Subject};

/// The time of a commit on the slow device.
const SLOW_FLUSH: Duration = Duration::from_millis(5);

/// The maximum number of events per caller if there are many. A small run does not reduce it: the
/// first commit has only one caller, and must not be a large part of the whole.
const FEW: usize = 10;

/// A number of callers that is compared with one.
struct Crowd {
    op: &'static str,
    place: Place,
    callers: usize,
    /// The required speed of all callers together, as a multiple of one caller's.
    times: Option<f64>,
}

const APART: Place = Place::Apart(Durability::PowerLoss);

const CROWDS: [Crowd; 4] = [
    Crowd { op: "dispatch, 64", place: Place::Together, callers: 64, times: Some(5.0) },
    Crowd { op: "dispatch, 512", place: Place::Together, callers: 512, times: Some(8.0) },
    Crowd { op: "dispatch, 64, two stores", place: APART, callers: 64, times: None },
    Crowd { op: "dispatch, 512, two stores", place: APART, callers: 512, times: None },
];

const SLOWED: [Crowd; 4] = [
    Crowd { op: "dispatch, 64, 5 ms", place: Place::Together, callers: 64, times: Some(40.0) },
    Crowd { op: "dispatch, 512, 5 ms", place: Place::Together, callers: 512, times: Some(200.0) },
    Crowd { op: "dispatch, 64, 5 ms, two stores", place: APART, callers: 64, times: None },
    Crowd { op: "dispatch, 512, 5 ms, two stores", place: APART, callers: 512, times: None },
];

/// Compares callers that share their commits with a single one; each of them dispatches and waits.
pub(super) fn measure<N: Native>(rows: &mut Rows<'_>, scratch: &Scratch) -> Result<()> {
    let stores = Stores::of::<N>(scratch);
    CROWDS.iter().try_for_each(|crowd| crowd.measure(rows, N::NAME, &stores, N::GROUPS))
}

/// Compares them on a device on which each commit takes longer.
pub(super) fn slowed<S: Subject>(
    rows: &mut Rows<'_>,
    scratch: &Scratch,
    is_bound: bool,
) -> Result<()> {
    let stores = Stores::slowed::<S>(scratch, SLOW_FLUSH);
    SLOWED.iter().try_for_each(|crowd| crowd.measure(rows, S::NAME, &stores, is_bound))
}

impl Crowd {
    fn measure<S: KvStore>(
        &self,
        rows: &mut Rows<'_>,
        engine: &str,
        stores: &Stores<'_, S>,
        is_bound: bool,
    ) -> Result<()> {
        let flushes = rows.scale.flushes;
        let each = if self.callers > 64 { flushes.min(FEW) } else { flushes };
        let bound = self.times.filter(|_| is_bound).map_or(Bound::Informative, Bound::TimesAsFast);
        let (one, many) = (stores.teller("one", self.place)?, stores.teller("many", self.place)?);
        rows.of(format!("{engine}, raw: 1 caller"), bound).row(
            self.op,
            each,
            || one.dispatch(1, each),
            || many.dispatch(self.callers, each),
        )
    }
}
