//! Deploys that raise the schema version: two versions of a program work while each step of the deploy is
//! made, and killed at each of its commits.

use std::ops::ControlFlow;

use arbour::documents::{Declaration, DocError, Field, Filter, Index};
use arbour::{Error, Progress, Result};
use serde_json::Value;

use super::claims::{go_on, member};
use super::programs::{BY_CODE, BY_OWNER, BY_STATUS, Program, Search, Tickets, Version};
use crate::Factory;
use crate::deploy::{Killed, Load, Work, step_killed_at_each_commit};
use crate::documents::bed::Opened;
use crate::documents::{DocBed, DocFactory, TestCollection, TestDocuments};
use crate::harness::Undisturbed;

/// What the two versions have in common. A code is unique in both.
fn tickets() -> Declaration<Value> {
    Declaration::new("tickets")
        .field(Field::path("status").unchanged_since(1))
        .field(Field::path("code").unchanged_since(1))
        .index(Index::on("status"))
        .index(Index::on("code").unique())
}

fn earlier() -> Declaration<Value> {
    tickets().field(Field::path("owner")).index(Index::on("owner"))
}

/// The later version calls the owner a holder, and cannot write that for the earlier one.
fn upgraded() -> Declaration<Value> {
    tickets()
        .field(Field::path("holder"))
        .index(Index::on("holder"))
        .upgrade_json(1, |ticket| Ok(renamed(ticket, "owner", "holder")))
}

fn downgraded() -> Declaration<Value> {
    upgraded().downgrade_json(1, |ticket| Ok(renamed(ticket, "holder", "owner")))
}

/// Gives a member another name.
fn renamed(mut ticket: Value, from: &str, to: &str) -> Value {
    if let Some(members) = ticket.as_object_mut()
        && let Some(value) = members.remove(from)
    {
        members.insert(to.to_owned(), value);
    }
    ticket
}

const BY_HOLDER: Search = Search {
    filter: |value| Filter::eq("holder", value),
    is_meant: |ticket, value| member(ticket, "holder") == value,
};

/// A deploy of a program with a higher schema version.
struct Deploy {
    later: fn() -> Declaration<Value>,
    /// Whether the later version can write while the store is at the earlier one.
    has_downgrade: bool,
}

type Running<'b, F, M> = Program<'b, <F as Factory>::Store, Opened<'b, F, M, Value>>;

/// The collection on a store that may be killed.
type OnKilled<'k, F, M> =
    <<M as DocFactory>::Docs<'k, Killed<<F as Factory>::Store>> as TestDocuments>::Collection<
        Value,
    >;

fn start<'b, F: Factory, M: DocFactory>(
    bed: &'b DocBed<F, M>,
    tickets: &'b Tickets,
    declaration: Declaration<Value>,
    version: Version,
) -> Result<Running<'b, F, M>> {
    let (form, searches): (fn(Value) -> Value, &[Search]) = match version {
        Version::Earlier => (std::convert::identity, &[BY_STATUS, BY_CODE, BY_OWNER]),
        Version::Later => {
            (|ticket| renamed(ticket, "owner", "holder"), &[BY_STATUS, BY_CODE, BY_HOLDER])
        }
    };
    let collection = bed.open(declaration)?;
    Ok(Program { store: bed.store(), collection, version, form, searches, tickets })
}

/// Returns the schema version that the store is at.
fn version_of<F: Factory, M: DocFactory>(bed: &DocBed<F, M>) -> Result<u32> {
    let collections = bed.documents_of(bed.store()).collections()?;
    Ok(collections.first().expect("there is one").schema)
}

/// Asserts that the earlier version was refused because the store is at the later one, with an error that
/// names both and says what is left to do.
fn is_refused(error: &Error) -> bool {
    let is_upgraded =
        matches!(error.downcast_ref(), Some(DocError::Upgraded { stored: 2, known: 1, .. }));
    let told = error.to_string();
    let names_all = ["version 2", "knows 1", "backup"].iter().all(|part| told.contains(part));
    assert!(!is_upgraded || names_all, "{told}");
    is_upgraded
}

impl Deploy {
    /// Lets the earlier version work for as long as it is not refused.
    fn work_as_earlier<F: Factory, M: DocFactory>(
        bed: &DocBed<F, M>,
        earlier: &Running<'_, F, M>,
    ) -> Result<()> {
        match earlier.work(true) {
            Err(error) if is_refused(&error) => {
                assert_eq!(version_of(bed)?, 2, "it works until the store is upgraded");
                Ok(())
            }
            worked => worked,
        }
    }

    /// Lets the later version work. Without a way to write for the earlier one it only reads, as long as
    /// the store is at the earlier version.
    fn work_as_later<F: Factory, M: DocFactory>(&self, later: &Running<'_, F, M>) -> Result<()> {
        match later.work(true) {
            Err(error) if !self.has_downgrade => {
                let is_early = matches!(error.downcast_ref(), Some(DocError::NotUpgraded { .. }));
                assert!(is_early && error.to_string().contains("finish_upgrade"), "{error:?}");
                later.look()
            }
            worked => worked,
        }
    }

    /// Asserts that each version which starts now finds every document, or is refused if the store is
    /// upgraded.
    fn check<F: Factory, M: DocFactory>(
        &self,
        bed: &DocBed<F, M>,
        tickets: &Tickets,
    ) -> Result<()> {
        start(bed, tickets, (self.later)(), Version::Later)?.check_at_rest()?;
        if version_of(bed)? == 1 {
            return start(bed, tickets, earlier(), Version::Earlier)?.check_at_rest();
        }
        let opened = bed.open(earlier()).map(drop);
        assert!(opened.is_err_and(|error| is_refused(&error)), "the earlier version is refused");
        Ok(())
    }

    /// Opens the later version on a store that may be killed.
    fn open<'k, F: Factory, M: DocFactory>(
        &self,
        bed: &DocBed<F, M>,
        killed: &'k Killed<F::Store>,
    ) -> Result<OnKilled<'k, F, M>> {
        bed.documents_of(killed).collection((self.later)())
    }

    /// Makes a step while both versions work, killed at each of its commits.
    fn step<F: Factory, M: DocFactory>(
        &self,
        bed: &DocBed<F, M>,
        tickets: &Tickets,
        step: impl Fn(&Killed<F::Store>, &Load<'_>) -> Result<()>,
    ) -> Result<u64> {
        let earlier = start(bed, tickets, earlier(), Version::Earlier)?;
        let later = start(bed, tickets, (self.later)(), Version::Later)?;
        let programs: [Work<'_>; 2] =
            [&|| Self::work_as_earlier(bed, &earlier), &|| self.work_as_later::<F, M>(&later)];
        step_killed_at_each_commit(bed.shared_store(), &programs, step, || self.check(bed, tickets))
    }

    /// Plays the deploy: the later version is opened, checks, begins to upgrade, abandons that, and
    /// finishes an upgrade.
    fn play<F: Factory, M: DocFactory>(&self, bed: &mut DocBed<F, M>) -> Result<()> {
        let _undisturbed = Undisturbed::new();
        let tickets = &Tickets::store(bed.store(), &bed.open(earlier())?)?;
        let opened = self.step(bed, tickets, |killed, _| self.open(bed, killed).map(drop))?;
        assert_eq!(opened, 0, "opening writes nothing");
        let checked = self.step(bed, tickets, |killed, _| {
            assert_eq!(self.open(bed, killed)?.check_upgrade(killed, &mut go_on)?.len(), 0);
            Ok(())
        })?;
        assert_eq!(checked, 0, "checking writes nothing");
        // It is killed before its first chunk, and after it.
        let begun = self.step(bed, tickets, |killed, _| {
            let collections = bed.documents_of(bed.store()).collections()?;
            if collections.iter().any(|found| found.upgrading_to.is_some()) {
                return Ok(());
            }
            self.open(bed, killed)?.finish_upgrade(killed, &mut go_on).map(drop)
        })?;
        assert_eq!(version_of(bed)?, 1);
        let abandoned = self.step(bed, tickets, |killed, _| {
            self.open(bed, killed)?.abandon_upgrade(killed).map(drop)
        })?;
        assert!(begun > 0 && abandoned > 0, "{begun} and {abandoned} kills");
        assert_eq!(version_of(bed)?, 1);
        let finished = self.step(bed, tickets, |killed, load| {
            let mut waits = |_: Progress| {
                load.round();
                ControlFlow::Continue(())
            };
            assert!(self.open(bed, killed)?.finish_upgrade(killed, &mut waits)?);
            Ok(())
        })?;
        assert!(finished >= 3, "{finished} kills");
        assert_eq!(version_of(bed)?, 2);
        bed.settle()?;
        self.check(bed, tickets)?;
        let later = start(bed, tickets, (self.later)(), Version::Later)?;
        later.work(true)?;
        let report = later.collection.scrub(bed.store(), &mut go_on)?;
        assert!(report.is_clean() && report.entries > 0, "{report:?}");
        Ok(())
    }
}

/// The later version raises the schema version, and writes for the earlier one until the upgrade is finished.
pub(super) fn schema_raised<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    Deploy { later: downgraded, has_downgrade: true }.play(bed)
}

/// The same without a way to write for the earlier version: until the upgrade is finished, the later one reads.
pub(super) fn schema_raised_for_good<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    Deploy { later: upgraded, has_downgrade: false }.play(bed)
}
