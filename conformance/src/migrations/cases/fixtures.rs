//! What `migration_fixture` proves of the steps of an application.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arbour::Result;
use arbour::migrations::{Migrations, Source, Step, StepId, Target};
use arbour_core::KeyRange;

use super::claims::{app, at, counts_rooms};
use crate::migration_fixture::{MigrationFixture, Pinned};
use crate::migrations::MigrationBed;
use crate::{DynFactory, Factory, MemoryFactory};

/// The trees that a chat bot kept over five versions, like dicebot's first five.
fn bot() -> Migrations {
    app([
        // 1: the number of variables of each user in each room.
        Step::numbered(1).revision("counts").atomic(|trees| {
            trees.each("variables", |trees, key, _| {
                // A key without a delimiter is of an earlier layout.
                let Some(name) = key.iter().rposition(|byte| *byte == 0xff) else { return Ok(()) };
                let (user_room, _) = key.split_at(name);
                let count = trees.get("counts", user_room)?.map_or(0, |count| *at(&count, 0));
                Ok(trees.put("counts", user_room, &[count + 1])?)
            })
        }),
        // 2: entries of an earlier layout are removed.
        Step::numbered(2).revision("drops").each("variables", |trees, key, _| {
            if key.contains(&0xff) { Ok(()) } else { Ok(trees.delete("variables", key)?) }
        }),
        // 3: user and room are joined by another byte.
        Step::numbered(3).revision("joins").each("variables", |trees, key, value| {
            if key.contains(&0xfe) {
                return Ok(());
            }
            let mut parts = key.splitn(2, |byte| *byte == 0xff);
            let (user, rest) = (parts.next().ok_or("no user")?, parts.next().ok_or("no room")?);
            trees.put("variables", &[user, b"\xfe", rest].concat(), value)?;
            Ok(trees.delete("variables", key)?)
        }),
        // 4: the tree gets another name.
        Step::numbered(4).revision("moves").each("variables", |trees, key, value| {
            trees.put("user variables", key, value)?;
            Ok(trees.delete("variables", key)?)
        }),
        // 5: the counts are computed anew, by user.
        Step::numbered(5).revision("recounts").chunked(|trees, cursor| {
            let rest = match cursor {
                None => {
                    trees.delete_range("counts", KeyRange::all())?;
                    KeyRange::all()
                }
                Some(cursor) => KeyRange::all().resume_after(cursor),
            };
            let Some((first, _)) = trees.first(Source::tree("user variables").range(rest))? else {
                return Ok(None);
            };
            let user = first.split(|byte| *byte == 0xfe).next().unwrap_or_default().to_vec();
            let prefix = [&user[..], &[0xfe]].concat();
            let (mut count, mut last) = (0_u8, first);
            trees.each(Source::tree("user variables").prefix(&prefix), |_, key, _| {
                count += 1;
                last = key.to_vec();
                Ok(())
            })?;
            trees.put("counts", &user, &[count])?;
            Ok(Some(last))
        }),
    ])
}

fn fixture() -> MigrationFixture {
    let first = Pinned::new()
        .entry("variables", b"ada\xffattic\xffluck", b"7")
        .entry("variables", b"ada\xffattic\xffwit", b"9")
        .entry("variables", b"ada\xffstudy\xffluck", b"3")
        .entry("variables", b"bob\xffstudy\xffluck", b"1")
        .entry("variables", b"bobstudyluck", b"0");
    let third = Pinned::new().entry("counts", b"ada\xffattic", b"\x01").entry(
        "variables",
        b"ada\xfeattic\xffluck",
        b"7",
    );
    let end = "counts\tada\t\\x03\ncounts\tbob\t\\x01\n\
               user variables\tada\\xfeattic\\xffluck\t7\nuser variables\tada\\xfeattic\\xffwit\t9\n\
               user variables\tada\\xfestudy\\xffluck\t3\nuser variables\tbob\\xfestudy\\xffluck\t1\n";
    let newest = Pinned::parse(end).expect("it is a store");
    MigrationFixture::new(bot)
        .version("1", Target::Nothing, first)
        .reaches("1", newest.clone())
        .version("3", Target::number(3), third)
        .version("5", Target::number(5), newest.clone())
        .reaches("5", newest)
        .version("empty", Target::Nothing, Pinned::new())
        .reaches("empty", Pinned::new())
}

/// Case 48. The pinned store of each version reaches the newest, on this engine.
pub(super) fn every_version_reaches_newest<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    for target in 0..=5 {
        crate::migration_fixture::clear(&**bed.store())?;
        bed.put("variables", b"ada\xffattic\xffluck", b"7")?;
        bot().run_to(&**bed.store(), Target::number(target))?;
        bed.settle()?;
        bot().run(&**bed.store())?;
        let found = bed.contents()?.to_string();
        assert_eq!(
            found, "counts\tada\t\\x01\nuser variables\tada\\xfeattic\\xffluck\t7\n",
            "{target}"
        );
    }
    Ok(())
}

/// Cases 42 and 48. Whichever step breaks, before or after a commit takes effect: run again, the
/// end is the same.
pub(super) fn same_end_wherever_it_breaks<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fixture().check(bed.factory())
}

/// Steps that are right only while nothing goes wrong are detected: one that keeps its progress in
/// memory, one with a different result each time, one that does not end where it says.
pub(super) fn wrong_steps_are_shown<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let store =
        || (0..5).fold(Pinned::new(), |pinned, number| pinned.entry("rooms", &[number], b"v"));
    let in_memory = || {
        let counted = Arc::new(AtomicU64::new(0));
        Step::numbered(1).each("rooms", move |trees, key, _| {
            let count = counted.fetch_add(1, Ordering::SeqCst);
            Ok(trees.put("order", key, &count.to_be_bytes())?)
        })
    };
    static EVER: AtomicU64 = AtomicU64::new(0);
    let never_the_same = || {
        Step::numbered(1).atomic(|trees| {
            Ok(trees.put("made", b"id", &EVER.fetch_add(1, Ordering::SeqCst).to_be_bytes())?)
        })
    };
    let shown = |step: Box<dyn Fn() -> Step>, end: Option<Pinned>| {
        let mut fixture =
            MigrationFixture::new(move || app([step()])).version("1", Target::Nothing, store());
        if let Some(end) = end {
            fixture = fixture.reaches("1", end);
        }
        let checked = catch_unwind(AssertUnwindSafe(|| fixture.check(&MemoryFactory)));
        !matches!(checked, Ok(Ok(())))
    };
    assert!(shown(Box::new(in_memory), None), "a step that remembers in memory");
    assert!(shown(Box::new(never_the_same), None), "a step that never does the same");
    let copies =
        || Step::numbered(1).each("rooms", |trees, key, value| Ok(trees.put("b", key, value)?));
    assert!(shown(Box::new(copies), Some(store())), "a step that ends elsewhere");
    assert!(!shown(Box::new(|| counts_rooms(1)), None), "a step that is right");
    let _ = bed;
    Ok(())
}

/// Steps that do harm when they run a second time are detected, including those of dicebot.
pub(super) fn not_idempotent_is_shown<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let fails = || {
        Step::numbered(6).atomic(|trees| {
            trees.get("user variables", b"ada\xfeattic\xffwit")?.map(drop).ok_or("no wit")?;
            Ok(trees.delete("user variables", b"ada\xfeattic\xffwit")?)
        })
    };
    let first = Pinned::new().entry("variables", b"ada\xffattic\xffluck", b"7").entry(
        "variables",
        b"ada\xffattic\xffwit",
        b"9",
    );
    let found = MigrationFixture::new(move || {
        let steps = arbour::migrations::Group::new("more").step(fails());
        bot().group(steps)
    })
    .version("1", Target::Nothing, first)
    .not_idempotent(&DynFactory::new(MemoryFactory))?;
    // The first counts what it has counted, and the last does not find what it removed.
    let rooms = |number: u64| ("rooms".to_owned(), StepId::Number(number));
    assert_eq!(found, [("more".to_owned(), StepId::Number(6)), rooms(1)]);
    let _ = bed;
    Ok(())
}
