//! What it costs to wait for a position that is already applied.

use std::time::Duration;

use arbour_core::{KvStore as _, Result};

use super::bank::BANK;
use super::teller::{Place, Stores};
use crate::comparison::{Bound, Rows, time};
use crate::scratch::Scratch;
use crate::subject::Subject;

/// Longer than any wait here.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Waits repeatedly for the newest event, which is applied, compared with taking as many snapshots
/// of the same store.
pub(super) fn measure<S: Subject>(rows: &mut Rows<'_>, scratch: &Scratch) -> Result<()> {
    let teller = Stores::of::<S>(scratch).teller("waited", Place::Together)?;
    teller.dispatch(1, 1)?;
    let (events, reads) = (&teller.events, rows.scale.reads);
    rows.of(S::NAME, Bound::Informative).row(
        "wait_for, raw: Arbour's snapshot",
        reads,
        || time(|| (0..reads).try_for_each(|_| events.store().snapshot().map(drop))),
        || {
            let wait = || events.wait_for(BANK, 1, TIMEOUT).map(drop);
            time(|| (0..reads).try_for_each(|_| wait()))
        },
    )
}
