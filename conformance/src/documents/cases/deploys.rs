//! Deploys that change the indexes: two versions of a program work while each step of the deploy is
//! made, and killed at each of its commits.

use std::ops::ControlFlow;

use arbour::Result;
use arbour::documents::{Declaration, Index, IndexState};
use arbour_core::KvStore as _;
use serde_json::Value;

use super::claims::go_on;
use super::programs::{
    BY_CODE, BY_OWNER, BY_STATUS, BY_TAG, BY_TITLE, Program, Search, Tickets, Version, earlier,
    tickets,
};
pub(super) use super::raised::{schema_raised, schema_raised_for_good};
use crate::Factory;
use crate::deploy::{Killed, Load, Work, beside, step_killed_at_each_commit};
use crate::documents::bed::Opened;
use crate::documents::{DocBed, DocFactory, TestCollection, TestDocuments};

/// How many rounds the two versions work beside each other.
const ROUNDS: u64 = 4;

/// A deploy of a program that declares other indexes than the [earlier] version.
struct Deploy {
    later: fn() -> Declaration<Value>,
    searches: &'static [Search],
    /// Whether the later version declares that codes are unique.
    is_unique: bool,
    /// The indexes that only one of the versions declares, by their names in the store.
    only_earlier: &'static [&'static str],
    only_later: &'static [&'static str],
}

type Running<'b, F, M> = Program<'b, <F as Factory>::Store, Opened<'b, F, M, Value>>;

impl Deploy {
    fn declared(&self, version: Version) -> Declaration<Value> {
        match version {
            Version::Earlier => earlier(),
            Version::Later => (self.later)(),
        }
    }

    /// Starts a version, which builds what it lacks unless it is only to declare it.
    fn start<'b, F: Factory, M: DocFactory>(
        &'b self,
        bed: &'b DocBed<F, M>,
        tickets: &'b Tickets,
        version: Version,
        builds: bool,
    ) -> Result<Running<'b, F, M>> {
        let declared = self.declared(version);
        let collection = if builds { bed.open(declared)? } else { bed.declare(declared)? };
        let searches = match version {
            Version::Earlier => &[BY_STATUS, BY_TITLE],
            Version::Later => self.searches,
        };
        let (store, form) = (bed.store(), std::convert::identity);
        Ok(Program { store, collection, version, form, searches, tickets })
    }

    /// Asserts that a version which starts now finds everything, and has its indexes.
    fn check<F: Factory, M: DocFactory>(
        &self,
        bed: &DocBed<F, M>,
        tickets: &Tickets,
        version: Version,
        has_indexes: bool,
    ) -> Result<()> {
        let program = self.start(bed, tickets, version, false)?;
        let indexes = program.collection.indexes(&bed.store().snapshot()?)?;
        let are_complete = indexes.iter().all(|index| index.state == IndexState::Readable);
        assert!(are_complete || !has_indexes, "{indexes:?}");
        program.check_at_rest()
    }

    /// Rolls the later version out beside the earlier one: declares its indexes, then builds them.
    fn roll_out<F: Factory, M: DocFactory>(
        &self,
        bed: &DocBed<F, M>,
        tickets: &Tickets,
    ) -> Result<u64> {
        let earlier = self.start(bed, tickets, Version::Earlier, false)?;
        let declare = |killed: &Killed<F::Store>, _: &Load<'_>| {
            bed.documents_of(killed).declare(self.declared(Version::Later)).map(drop)
        };
        let check = || self.check(bed, tickets, Version::Earlier, true);
        let work = || earlier.work(false);
        let kills = step_killed_at_each_commit(bed.shared_store(), &[&work], declare, check)?;

        let later = self.start(bed, tickets, Version::Later, false)?;
        let build = |killed: &Killed<F::Store>, load: &Load<'_>| {
            let later = bed.documents_of(killed).declare(self.declared(Version::Later))?;
            let built = later.build(killed, &mut |_| {
                load.round();
                ControlFlow::Continue(())
            })?;
            assert!(built.iter().all(|index| index.state == IndexState::Readable), "{built:?}");
            Ok(())
        };
        let check = || {
            self.check(bed, tickets, Version::Earlier, true)?;
            self.check(bed, tickets, Version::Later, false)
        };
        let of_earlier = || earlier.work(self.is_unique);
        let of_later = || later.work(self.is_unique);
        let programs: [Work<'_>; 2] = [&of_earlier, &of_later];
        Ok(kills + step_killed_at_each_commit(bed.shared_store(), &programs, build, check)?)
    }

    /// Drops the indexes that only the version declares which will not come back, while both work.
    fn drop_indexes<F: Factory, M: DocFactory>(
        &self,
        bed: &DocBed<F, M>,
        tickets: &Tickets,
        (given_up, kept): (Version, Version),
    ) -> Result<u64> {
        let leaving = self.start(bed, tickets, given_up, false)?;
        let staying = self.start(bed, tickets, kept, false)?;
        let undeclared = staying.collection.undeclared_indexes(&bed.store().snapshot()?)?;
        let names: Vec<String> = undeclared.into_iter().map(|index| index.name).collect();
        let expected = match kept {
            Version::Earlier => self.only_later,
            Version::Later => self.only_earlier,
        };
        assert_eq!(names, expected);
        let is_unique = self.is_unique && matches!(kept, Version::Later);
        let mut kills = 0;
        for name in &names {
            let drop_index = |killed: &Killed<F::Store>, load: &Load<'_>| {
                let documents = bed.documents_of(killed);
                let is_gone = documents.drop_index("tickets", name, &mut |_| {
                    load.round();
                    ControlFlow::Continue(())
                })?;
                assert!(is_gone, "{name} is dropped");
                Ok(())
            };
            // In the middle of it, the version is started again that was given up.
            let check = || {
                self.check(bed, tickets, kept, true)?;
                drop(self.start(bed, tickets, given_up, true)?);
                self.check(bed, tickets, given_up, true)
            };
            let of_leaving = || leaving.work(is_unique);
            let of_staying = || staying.work(is_unique);
            let programs: [Work<'_>; 2] = [&of_leaving, &of_staying];
            kills += step_killed_at_each_commit(bed.shared_store(), &programs, drop_index, check)?;
        }
        Ok(kills)
    }

    /// Lets the earlier version come back after all: it builds what was dropped.
    fn come_back<F: Factory, M: DocFactory>(
        &self,
        bed: &DocBed<F, M>,
        tickets: &Tickets,
    ) -> Result<u64> {
        let later = self.start(bed, tickets, Version::Later, false)?;
        let open = |killed: &Killed<F::Store>, _: &Load<'_>| {
            bed.documents_of(killed).collection(earlier()).map(drop)
        };
        let check = || self.check(bed, tickets, Version::Later, true);
        let work = || later.work(self.is_unique);
        step_killed_at_each_commit(bed.shared_store(), &[&work], open, check)
    }
}

/// Plays a deploy with every way back: the later version is rolled out, both work, the later one is given
/// up, rolled out again, the earlier one is given up, and comes back after all.
fn play<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>, deploy: &Deploy) -> Result<()> {
    let tickets = &Tickets::store(bed.store(), &bed.open(earlier())?)?;
    let mut kills = deploy.roll_out(bed, tickets)?;
    bed.settle()?;
    {
        // Nothing has to be built or undone to start either version, in whatever order.
        let earlier = deploy.start(bed, tickets, Version::Earlier, false)?;
        let later = deploy.start(bed, tickets, Version::Later, false)?;
        deploy.check(bed, tickets, Version::Earlier, true)?;
        deploy.check(bed, tickets, Version::Later, true)?;
        let of_earlier = || earlier.work(deploy.is_unique);
        let of_later = || later.work(deploy.is_unique);
        beside(&[&of_earlier, &of_later], |load| (0..ROUNDS).for_each(|_| load.round()))?;
    }
    kills += deploy.drop_indexes(bed, tickets, (Version::Later, Version::Earlier))?;
    bed.settle()?;
    deploy.check(bed, tickets, Version::Earlier, true)?;
    kills += deploy.roll_out(bed, tickets)?;
    kills += deploy.drop_indexes(bed, tickets, (Version::Earlier, Version::Later))?;
    bed.settle()?;
    kills += deploy.come_back(bed, tickets)?;
    assert!(kills >= 6, "{kills} kills");
    bed.settle()?;
    for version in [Version::Earlier, Version::Later] {
        deploy.check(bed, tickets, version, true)?;
        let program = deploy.start(bed, tickets, version, false)?;
        let report = program.collection.scrub(bed.store(), &mut go_on)?;
        assert!(report.is_clean() && report.entries > 0, "{report:?}");
    }
    Ok(())
}

/// The later version has more indexes.
pub(super) fn index_added<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let deploy = Deploy {
        later: || {
            earlier().index(Index::on("owner").then_descending("status")).index(Index::on("tags"))
        },
        searches: &[BY_STATUS, BY_TITLE, BY_OWNER, BY_TAG],
        is_unique: false,
        only_earlier: &[],
        only_later: &["owner,-status", "tags"],
    };
    play(bed, &deploy)
}

/// The later version has fewer indexes.
pub(super) fn index_dropped<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let deploy = Deploy {
        later: || tickets().index(Index::words("title")),
        searches: &[BY_STATUS, BY_TITLE],
        is_unique: false,
        only_earlier: &["status"],
        only_later: &[],
    };
    play(bed, &deploy)
}

/// The later version has another index of the same name.
pub(super) fn index_changed<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let deploy = Deploy {
        later: || {
            tickets()
                .index(Index::descending("status").then("owner").named("status"))
                .index(Index::words("title"))
        },
        searches: &[BY_STATUS, BY_TITLE],
        is_unique: false,
        only_earlier: &["status"],
        only_later: &["status/2"],
    };
    play(bed, &deploy)
}

/// The later version declares that a field is unique. From then on no version can write a value that is taken.
pub(super) fn unique_added<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let deploy = Deploy {
        later: || earlier().index(Index::on("code").unique()),
        searches: &[BY_STATUS, BY_TITLE, BY_CODE],
        is_unique: true,
        only_earlier: &[],
        only_later: &["code"],
    };
    play(bed, &deploy)
}
