//! Kills a process and loses power, at moments of a recorded workload.

use crate::disk::Names;
use crate::engine::Engine;
use crate::harness::{Harness, Promise, Run};
use crate::outcome::{Finding, Outcome};
use crate::random::Random;
use crate::recorder::Meddling;
use crate::recording::Note;
use crate::table::{Fault, Table};
use crate::workload::Life;
use crate::{Error, Result};

/// The number of images of power losses for each image of a kill.
const POWER_LOSSES_PER_KILL: u64 = 5;

/// Records a workload, and checks images of it at moments that the seed chooses.
///
/// # Errors
/// [`Error::Workload`] if the workload fails by itself; whatever keeps the harness from working.
pub fn run(
    harness: &mut Harness,
    engine: &Engine,
    meddling: Meddling,
    table: &mut Table,
) -> Result<()> {
    let run = harness.live(engine, &[Life::Create, Life::Resume], None, meddling)?;
    for note in run.recording.notes() {
        match note {
            Note::Failed(failing) => {
                return Err(Error::Workload(format!("{}: {failing:?}", engine.name)));
            }
            Note::Wrong(text) => {
                table.add(engine.name, Fault::Kill, Finding::new(Outcome::Lost, text));
            }
            _ => {}
        }
    }
    if let Some(ending) = &run.ending {
        return Err(Error::Workload(format!("{}: {}", engine.name, ending.to_line())));
    }
    let images = harness.extent().images;
    images_of(harness, engine, &run, Moments::Kill(images.div_ceil(POWER_LOSSES_PER_KILL)), table)?;
    for names in [Names::AfterTheirFolder, Names::AfterAnything] {
        images_of(harness, engine, &run, Moments::PowerLoss(images.div_ceil(2), names), table)?;
    }
    Harness::forget(&run);
    Ok(())
}

/// The number of images, and of what.
#[derive(Clone, Copy, Debug)]
enum Moments {
    Kill(u64),
    PowerLoss(u64, Names),
}

fn images_of(
    harness: &mut Harness,
    engine: &Engine,
    run: &Run,
    moments: Moments,
    table: &mut Table,
) -> Result<()> {
    let (count, names, fault) = match moments {
        Moments::Kill(count) => (count, Names::AfterAnything, Fault::Kill),
        Moments::PowerLoss(count, names) => (count, names, Fault::PowerLoss),
    };
    let mut random = Random::new(harness.extent().seed, &format!("{moments:?}"));
    let events = &run.recording.events;
    let mut chosen: Vec<usize> = (0..count).map(|_| random.index(events.len() + 1)).collect();
    chosen.sort_unstable();
    let (mut disk, mut promise, mut at) = (run.disk(names), Promise::default(), 0);
    for moment in chosen {
        for event in events.get(at..moment).unwrap_or_default() {
            disk.replay(event)?;
            promise.note(event);
        }
        at = moment;
        let image = Random::new(random.number(), "image");
        let least = match fault {
            Fault::Kill => promise.process_crash,
            _ => promise.power_loss,
        };
        let finding = harness.check_image(
            engine,
            (least, promise.begun),
            promise.backup,
            &|path| match fault {
                Fault::Kill => disk.image_after_kill(path),
                _ => disk.image_after_power_loss(path, &mut image.clone()),
            },
        )?;
        let place = format!("event {moment} of {}, {names:?}", events.len());
        table.add(engine.name, fault, finding.within(&place));
    }
    Ok(())
}
