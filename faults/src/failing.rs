//! Makes one call after the other fail, or return short.

use std::path::Path;

use crate::disk::Names;
use crate::engine::Engine;
use crate::harness::{Harness, Promise, Run};
use crate::outcome::{Finding, Outcome};
use crate::random::Random;
use crate::recorder::{Failure, Injection, Meddling};
use crate::recording::{CallKind, Event, Failing, Note};
use crate::table::{Fault, Table};
use crate::workload::Life;
use crate::{Error, Result};

/// Parses the description of a failing call in the table: "sync 61 EINTR of create".
///
/// # Errors
/// [`Error::Argument`] if it describes none.
pub fn parse(text: &str) -> Result<(Life, Injection)> {
    let call = text.rsplit_once(" of ").and_then(|(call, life)| {
        let life = [Life::Create, Life::Resume].into_iter().find(|known| known.name() == life)?;
        let mut words = call.splitn(3, ' ');
        let (kind, number, way) = (words.next()?, words.next()?, words.next()?);
        let kind = CallKind::ALL.into_iter().find(|known| known.name() == kind)?;
        let failure = *Failure::of(kind).iter().find(|known| known.name() == way)?;
        Some((life, Injection { kind, number: number.parse().ok()?, failure }))
    });
    let expected = "a kind, a number, a failure and a life: \"sync 61 EINTR of create\"";
    call.ok_or_else(|| Error::Argument { text: text.to_owned(), expected })
}

/// Runs the workload once for each call that has to fail, and then loses power: once at the end,
/// once somewhere in between. The texts of the errors are judged too.
///
/// # Errors
/// Whatever keeps the harness from working.
pub fn run(harness: &mut Harness, engine: &Engine, table: &mut Table) -> Result<()> {
    let created = harness.live(engine, &[Life::Create], None, Meddling::None)?;
    fail_each(harness, engine, Life::Create, None, table)?;
    let before = Some((created.root.as_path(), promise_after_kill(&created)));
    fail_each(harness, engine, Life::Resume, before, table)?;
    Harness::forget(&created);
    Ok(())
}

/// Runs a life once for each of these calls, as [`run`] does for the calls that the seed chooses.
///
/// # Errors
/// Whatever keeps the harness from working.
pub fn run_chosen(
    harness: &mut Harness,
    engine: &Engine,
    life: Life,
    injections: impl IntoIterator<Item = Injection>,
    table: &mut Table,
) -> Result<()> {
    let created = match life {
        Life::Create => None,
        Life::Resume => Some(harness.live(engine, &[Life::Create], None, Meddling::None)?),
    };
    let before = created.as_ref().map(|run| (run.root.as_path(), promise_after_kill(run)));
    for injection in injections {
        let mut random = Random::new(harness.extent().seed, injection.kind.name());
        fail(harness, engine, (life, injection), before, &mut random, table)?;
    }
    created.iter().for_each(Harness::forget);
    Ok(())
}

/// What a kill left is on the device before the next life begins.
fn promise_after_kill(created: &Run) -> Promise {
    let Promise { process_crash, begun, .. } = Promise::of(&created.recording);
    Promise { process_crash, power_loss: process_crash, begun, backup: None }
}

fn fail_each(
    harness: &mut Harness,
    engine: &Engine,
    life: Life,
    before: Before<'_>,
    table: &mut Table,
) -> Result<()> {
    let folder = before.map(|(folder, _)| folder);
    let whole = harness.live(engine, &[life], folder, Meddling::None)?;
    let counts = whole.recording.calls;
    Harness::forget(&whole);
    let extent = harness.extent();
    for (kind, count) in CallKind::ALL.into_iter().zip(counts) {
        let mut random = Random::new(extent.seed, kind.name());
        for failure in Failure::of(kind) {
            let mut numbers: Vec<u64> = match extent.calls {
                Some(some) if some < count => (0..some).map(|_| random.below(count)).collect(),
                _ => (0..count).collect(),
            };
            numbers.sort_unstable();
            numbers.dedup();
            numbers.retain(|number| extent.share.has(*number));
            for number in numbers {
                let injection = Injection { kind, number, failure: *failure };
                fail(harness, engine, (life, injection), before, &mut random, table)?;
            }
        }
    }
    Ok(())
}

fn fail(
    harness: &mut Harness,
    engine: &Engine,
    (life, injection): (Life, Injection),
    before: Before<'_>,
    random: &mut Random,
    table: &mut Table,
) -> Result<()> {
    let folder = before.map(|(folder, _)| folder);
    let mut run = harness.live(engine, &[life], folder, Meddling::Fail(injection))?;
    if run.recording.notes().any(is_locked_after_failure) {
        // The advice is to end the process that has the store open.
        harness.live_on(&mut run, engine, Life::Resume, Meddling::None)?;
    }
    if let Some(finding) = judge(harness, engine, &run, injection, before, random)? {
        let Injection { kind, number, failure } = injection;
        let place = format!("{} {number} {} of {}", kind.name(), failure.name(), life.name());
        table.add(engine.name, Fault::FailingCall, finding.within(&place));
    }
    Harness::forget(&run);
    Ok(())
}

/// The store with which a life begins, and its contents.
type Before<'r> = Option<(&'r Path, Promise)>;

/// Returns `None` if the call was not made, because threads make some calls more or less often.
fn judge(
    harness: &mut Harness,
    engine: &Engine,
    run: &Run,
    injection: Injection,
    before: Before<'_>,
    random: &mut Random,
) -> Result<Option<Finding>> {
    let events = &run.recording.events;
    let Some(injected) = events.iter().position(|event| *event == Event::Injected) else {
        return Ok(None);
    };
    let mut finding = run.ending.clone().unwrap_or(Finding::RIGHT);
    for note in run.recording.notes() {
        finding = finding.worse(judge_note(engine, note, injection, &run.root));
    }
    let end = events.len();
    let between = injected + random.index(end - injected);
    let mut promise = before.map(|(_, promise)| promise).unwrap_or_default();
    let mut disk = run.disk(Names::AfterAnything);
    for (number, event) in events.iter().enumerate() {
        disk.replay(event)?;
        promise.note(event);
        if number + 1 != between && number + 1 != end {
            continue;
        }
        let image = Random::new(random.number(), "image");
        let bounds = (promise.power_loss, promise.begun);
        let found = harness.check_image(engine, bounds, promise.backup, &|path| {
            disk.image_after_power_loss(path, &mut image.clone())
        })?;
        finding =
            finding.worse(found.within(&format!("power lost at event {} of {end}", number + 1)));
    }
    Ok(Some(finding))
}

fn judge_note(engine: &Engine, note: &Note, injection: Injection, root: &Path) -> Finding {
    let is_raw = engine.raw.is_none();
    match note {
        Note::Wrong(text) => Finding::new(Outcome::Lost, text),
        Note::WentOn(number) if injection.kind == CallKind::Sync && !is_raw => {
            let text = format!("a handle whose sync had failed took commit {number}");
            Finding::new(Outcome::Lost, text)
        }
        Note::Failed(failing) => {
            let Failing { during, kind, text } = failing;
            let outcome = if kind == "panic" {
                Outcome::Panicked
            } else if is_locked_after_failure(note) {
                Outcome::Refused
            } else if during.ends_with("after the failure") && !is_raw {
                Outcome::WronglyRefused
            } else if is_raw || is_right(failing, injection, engine, root) {
                Outcome::Right
            } else {
                Outcome::WrongKind
            };
            Finding::new(outcome, format!("{during}: {kind}: {text}"))
        }
        _ => Finding::RIGHT,
    }
}

/// An engine that cannot release its files once it has failed: the next process opens them.
fn is_locked_after_failure(note: &Note) -> bool {
    matches!(note, Note::Failed(Failing { during, kind, .. })
        if during.ends_with("after the failure") && kind == "Locked")
}

/// Tells whether an error says what happened and where: the system's error is its source.
fn is_right(failing: &Failing, injection: Injection, engine: &Engine, root: &Path) -> bool {
    let Failing { kind, text, .. } = failing;
    let is_full = injection.failure == Failure::Full;
    let expected = match kind.as_str() {
        "CommitUnknown" => true,
        "DiskFull" => is_full,
        "Io" => {
            let is_told = engine.names_full_device || injection.kind == CallKind::Write;
            // SQLite reports the same error for its index, whether the device is full or fails.
            !(is_full && is_told) || text.contains("is the disk full?")
        }
        // An engine that cannot distinguish a failing device from damage has to say so.
        "Corrupted" => injection.kind == CallKind::Read && text.contains("device"),
        _ => false,
    };
    let names_place = text.contains(&*root.to_string_lossy());
    expected && names_place && !text.ends_with("(without a source)")
}
