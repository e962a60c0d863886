//! The log: appending, expecting versions, repeating a call.

use arbour::Result;
use arbour::events::layout::{STREAM_BYTES_MAX, log_tree};
use arbour::events::{Append, EventError, EventQuery, Expected, Metadata, NewEvent};
use arbour_core::engine::TreeName;
use arbour_core::{ErrorKind, KvStore, KvWrite};

use super::claims::{append, found, invalid, refused, refused_by_store, whole};
use crate::Factory;
use crate::events::EventBed;
use crate::events::ledger::{cents, expecting};

/// Case 20. Positions and versions have no gaps, whatever was refused or rolled back in between.
pub(super) fn positions_contiguous<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    append(bed, cents("a", 1)?)?;
    refused(append(bed, expecting("a", Expected::NoStream, 2)?), "a second first event");
    let log = bed.log()?;
    let mut transaction = bed.log_store().begin()?;
    log.append(&mut transaction, &cents("b", 3)?.into())?;
    transaction.rollback()?;
    append(bed, Append::new().event(cents("b", 4)?).event(cents("a", 5)?).event(cents("b", 6)?))?;
    bed.settle()?;
    append(bed, cents("c", 7)?)?;
    let all = "1 a/1 1, 2 b/1 4, 3 a/2 5, 4 b/2 6, 5 c/1 7";
    assert_eq!(whole(bed)?, all);
    Ok(())
}

/// Case 21. A refused append has written nothing, and the transaction continues.
pub(super) fn conflict_lands_nothing<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    append(bed, cents("a", 1)?)?;
    let log = bed.log()?;
    bed.log_store().write(|transaction| {
        let both = Append::new()
            .event(cents("b", 2)?)
            .event(cents("a", 3)?)
            .expect("a", Expected::Exact(7))
            .key("once");
        let error = refused(log.append(transaction, &both), "a wrong version");
        match error {
            EventError::Expected { stream, expected, actual, .. } => {
                assert_eq!((stream.as_str(), expected, actual), ("a", Expected::Exact(7), 1));
            }
            other => assert!(matches!(other, EventError::Expected { .. }), "{other:?}"),
        }
        log.append(transaction, &Append::from(cents("c", 4)?).key("once"))
    })?;
    bed.settle()?;
    assert_eq!(whole(bed)?, "1 a/1 1, 2 c/1 4");
    assert_eq!(bed.log()?.version(&bed.log_store().snapshot()?, "b")?, 0);
    Ok(())
}

/// Case 22. Each expectation holds and fails where it should.
pub(super) fn expected_versions<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    use Expected::{Any, Exact, Exists, NoStream};
    append(bed, Append::new().event(cents("two", 1)?).event(cents("two", 1)?))?;
    bed.settle()?;
    for (stream, version, holds, fails) in [
        ("none", 0, vec![Any, NoStream, Exact(0)], vec![Exists, Exact(1), Exact(u64::MAX)]),
        ("two", 2, vec![Any, Exists, Exact(2)], vec![NoStream, Exact(0), Exact(1), Exact(3)]),
    ] {
        let log = bed.log()?;
        for expected in fails {
            let result = append(bed, expecting(stream, expected, 1)?);
            let error = refused(result, &format!("{expected:?} of {stream}"));
            let is_right =
                matches!(error, EventError::Expected { actual, .. } if actual == version);
            assert!(is_right, "{error:?}");
        }
        for expected in holds {
            let mut transaction = bed.log_store().begin()?;
            log.append(&mut transaction, &expecting(stream, expected, 1)?)?;
            assert_eq!(log.version(&transaction, stream)?, version + 1, "{expected:?}");
            transaction.rollback()?;
        }
    }
    // A version can be expected of a stream to which nothing is appended.
    let elsewhere = Append::from(cents("x", 1)?).expect("two", Exact(1));
    refused(append(bed, elsewhere), "a version of another stream");
    append(bed, Append::from(cents("x", 1)?).expect("two", Exact(2)))?;
    Ok(())
}

/// Case 23. Events of several streams are appended together or not at all.
pub(super) fn several_streams_atomic<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let transfer = |expected| -> Result<Append> {
        Ok(Append::new()
            .event(cents("a", -5)?)
            .event(cents("b", 5)?)
            .expect("a", Expected::Any)
            .expect("b", expected))
    };
    append(bed, transfer(Expected::NoStream)?)?;
    refused(append(bed, transfer(Expected::NoStream)?), "a second transfer");
    append(bed, transfer(Expected::Exact(1))?)?;
    bed.settle()?;
    assert_eq!(whole(bed)?, "1 a/1 -5, 2 b/1 5, 3 a/2 -5, 4 b/2 5");
    assert_eq!(found(bed, &EventQuery::stream("b"))?, "2 b/1 5, 4 b/2 5");
    Ok(())
}

/// Case 24. With a key, events that were appended before are not appended again, and their
/// positions are returned, whatever the versions are now.
pub(super) fn key_repeats_original<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let both = Append::new()
        .event(cents("a", 1)?)
        .event(cents("b", 2)?)
        .expect("a", Expected::NoStream)
        .key("transfer");
    append(bed, cents("c", 0)?)?;
    append(bed, both.clone())?;
    append(bed, cents("a", 9)?)?;
    bed.settle()?;
    let log = bed.log()?;
    let again = bed.log_store().write(|transaction| log.append(transaction, &both))?;
    assert_eq!((again.first, again.last, again.is_repeated), (2, 3, true));
    // It counts as the same append even at another time and by another caller.
    let mut later = both;
    for event in &mut later.events {
        event.time = Some(7);
        event.metadata = Metadata::default().with("try", "2");
    }
    let again = bed.log_store().write(|transaction| log.append(transaction, &later))?;
    assert_eq!((again.first, again.is_repeated), (2, true));
    assert_eq!(whole(bed)?, "1 c/1 0, 2 a/1 1, 3 b/1 2, 4 a/2 9");
    Ok(())
}

/// Case 24. A key that was used for something else is refused, with the position at which it was
/// used.
pub(super) fn key_reused_is_refused<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    append(bed, cents("z", 0)?)?;
    append(bed, Append::from(cents("a", 1)?).key("k"))?;
    bed.settle()?;
    let others = [
        Append::from(cents("a", 2)?),
        Append::from(cents("b", 1)?),
        Append::new().event(cents("a", 1)?).event(cents("a", 1)?),
        Append::from(NewEvent::raw("a", "other", 1, br#"{"cents":1}"#.to_vec())),
    ];
    for other in others {
        let error = refused(append(bed, other.key("k")), "a key used for something else");
        let is_right = matches!(
            &error, EventError::KeyReused { key, position: 2, .. } if key == "k"
        );
        assert!(is_right, "{error:?}");
    }
    assert_eq!(whole(bed)?, "1 z/1 0, 2 a/1 1");
    Ok(())
}

/// Case 25. When all events were trimmed, positions, versions and keys continue as before.
pub(super) fn goes_on_behind_what_was_given_up<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    append(bed, Append::new().event(cents("a", 1)?).event(cents("a", 2)?).key("k"))?;
    append(bed, cents("b", 3)?)?;
    let log = bed.log()?;
    let first = bed.log_store().write(|transaction| log.trim(transaction, 2, 100))?;
    assert_eq!((first, whole(bed)?.as_str()), (3, "3 b/1 3"));
    bed.settle()?;
    let log = bed.log()?;
    // No more than requested, and no more than there is.
    let first = bed.log_store().write(|transaction| log.trim(transaction, u64::MAX, 0))?;
    assert_eq!(first, 3);
    let first = bed.log_store().write(|transaction| log.trim(transaction, u64::MAX, 9))?;
    assert_eq!((first, whole(bed)?.as_str()), (4, ""));
    bed.settle()?;
    let again = Append::new().event(cents("a", 1)?).event(cents("a", 2)?).key("k");
    assert_eq!(append(bed, again)?, 2, "the key is still known");
    append(bed, cents("a", 4)?)?;
    bed.settle()?;
    assert_eq!(whole(bed)?, "4 a/3 4");
    let (log, snapshot) = (bed.log()?, bed.log_store().snapshot()?);
    let head = log.head(&snapshot)?;
    assert_eq!((head.position, head.first), (4, 4));
    assert_eq!(log.verify(&snapshot, 0)?, 1);
    assert_eq!(found(bed, &EventQuery::stream("a"))?, "4 a/3 4");
    Ok(())
}

/// The metadata of an event is read back.
pub(super) fn metadata_and_times_kept<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let metadata = Metadata::default()
        .correlated("checkout")
        .caused_by("order-7")
        .with("user", "ada")
        .with("", "\u{0}");
    append(bed, cents("a", 1)?.with_metadata(metadata.clone()).at(-12))?;
    append(bed, cents("a", 2)?.at(i64::MAX))?;
    append(bed, cents("a", 3)?)?;
    append(bed, cents("a", 4)?)?;
    bed.settle()?;
    let (log, snapshot) = (bed.log()?, bed.log_store().snapshot()?);
    let events = log.read(&snapshot, &EventQuery::all())?;
    let times: Vec<i64> = events.iter().map(|event| event.as_event().time).collect();
    let first = events.first().expect("there are events");
    assert_eq!(first.as_event().metadata().ok(), Some(metadata));
    let (said, own) = times.split_at(2);
    assert_eq!(said, [-12, i64::MAX], "a time that was said is kept");
    let year_2020 = 1_577_836_800_000;
    assert!(
        own.is_sorted() && own.iter().all(|time| (year_2020..i64::MAX).contains(time)),
        "{own:?}"
    );
    Ok(())
}

/// The position of the clock in the head of a log.
const CLOCK_AT: std::ops::Range<usize> = 65..73;

/// If the clock goes back, times stay in order: the log's clock stops until the machine's has
/// caught up.
pub(super) fn clock_never_goes_back<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let ahead = 32_503_680_000_000_i64; // The year 3000.
    append(bed, cents("a", 1)?)?;
    change_head(bed, |head| head.get_mut(CLOCK_AT), &ahead.to_be_bytes())?;
    bed.settle()?;
    append(bed, cents("a", 2)?)?;
    append(bed, cents("a", 3)?)?;
    let events = bed.log()?.read(&bed.log_store().snapshot()?, &EventQuery::all())?;
    let times: Vec<i64> = events.iter().map(|event| event.as_event().time).collect();
    assert!(
        matches!(times.as_slice(), [now, a, b] if *now < ahead && *a == ahead && a == b),
        "{times:?}"
    );
    Ok(())
}

/// Overwrites a part of the head of the log.
fn change_head<F: Factory>(
    bed: &EventBed<F>,
    part: impl Fn(&mut [u8]) -> Option<&mut [u8]>,
    bytes: &[u8],
) -> Result<()> {
    let name = log_tree("main");
    let heads = bed.log_store().open_tree(TreeName::layer(&name)?)?;
    let mut head = bed.log_store().get(&heads, &[0xff])?.expect("the log has a head");
    let part = part(&mut head).expect("a head is as long as that");
    part.copy_from_slice(bytes);
    bed.log_store().put(&heads, &[0xff], &head)
}

/// Q4, E4. Positions go beyond 2^31, which strato-db reads back as 0, and end with an error.
pub(super) fn positions_beyond_32_bits<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    append(bed, cents("a", 1)?)?;
    let position_at = 17..25;
    let first_at = 57..65;
    for newest in [3_000_000_000, u64::MAX - 1] {
        change_head(bed, |head| head.get_mut(position_at.clone()), &u64::to_be_bytes(newest))?;
        change_head(bed, |head| head.get_mut(first_at.clone()), &u64::to_be_bytes(newest + 1))?;
        assert_eq!(append(bed, cents("b", 2)?)?, newest + 1);
        bed.settle()?;
        let newest_event = EventQuery::all().after(newest);
        assert!(found(bed, &newest_event)?.starts_with(&(newest + 1).to_string()));
    }
    invalid(append(bed, cents("b", 3)?), "a position there is not");
    Ok(())
}

/// A payload over the limit of the store is refused, and so is the rest of its append.
fn over_limit_refused<F: Factory>(bed: &EventBed<F>) -> Result<()> {
    let small = bed.small_store("small", 2000)?;
    let log = arbour::events::Log::open(&small, "main")?;
    let both = Append::new().event(cents("s", 1)?).event(NewEvent::raw("s", "t", 1, vec![0; 2000]));
    let appended = small.write(|transaction| {
        let refused = log.append(transaction, &both);
        log.append(transaction, &cents("s", 2)?.into())?;
        Ok(refused)
    })?;
    refused_by_store(appended, ErrorKind::TooLarge, "an event over the limit");
    assert_eq!(log.head(&small.snapshot()?)?.position, 1, "only what came behind it is there");
    Ok(())
}

/// Names of no or too many bytes, appends of nothing, and payloads over the limit are refused.
pub(super) fn bad_appends_refused<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let long = "x".repeat(1001);
    let raw = |stream: &str, event_type: &str| NewEvent::raw(stream, event_type, 1, Vec::new());
    for (bad, what) in [
        (Append::new(), "no event"),
        (raw("", "t").into(), "a stream without a name"),
        (raw("s", "").into(), "a type without a name"),
        (raw(&long, "t").into(), "a stream with a long name"),
        (raw("s", &long).into(), "a type with a long name"),
        (Append::from(raw("s", "t")).key(""), "an empty key"),
        (Append::from(raw("s", "t")).key(&long), "a long key"),
        (
            Append::from(raw("s", "t")).expect("", Expected::Any),
            "an expected stream without a name",
        ),
    ] {
        invalid(append(bed, bad), what);
    }
    // In its longest key, a name is followed by a delimiter and ten bytes.
    let most = bed.log_store().capabilities().limits.key_bytes_max - 11;
    let longest = "x".repeat(most.min(STREAM_BYTES_MAX));
    let event = raw(&longest, &longest);
    append(bed, Append::from(event).key(&longest).expect(&longest, Expected::NoStream))?;
    over_limit_refused(bed)?;
    bed.settle()?;
    let head = bed.log()?.head(&bed.log_store().snapshot()?)?;
    assert_eq!(head.position, 1, "what was refused has written nothing");
    for name in ["", "a/b", "a.b", "a\0", &"x".repeat(61)] {
        let opened = arbour::events::Log::open(&**bed.log_store(), name);
        invalid(opened.map(drop), name);
    }
    Ok(())
}
