//! Documents, events, migrations and transfer over damaged values: each entry of a small store is
//! damaged in several ways, and then everything is called. No call may panic or wait without end,
//! and no error may send the caller to look for another fault.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod store;

#[cfg(test)]
use calls::{Calls, Fault};

/// How an entry is damaged.
#[cfg(test)]
#[derive(Clone, Copy, Debug)]
enum Damage {
    Flipped(usize),
    Cut,
    Emptied,
    Longer,
    Zeroed,
    Filled,
    Removed,
    KeyFlipped(usize),
    KeyCut,
    KeyLonger,
}

#[cfg(test)]
impl Damage {
    fn of(key: &[u8], value: &[u8]) -> Vec<Self> {
        let flips = |bytes: &[u8]| {
            // The first bytes are versions, kinds and lengths.
            let places = (0..bytes.len().min(8)).chain([bytes.len() / 2, bytes.len()]);
            places.filter(|at| *at < bytes.len()).collect::<Vec<_>>()
        };
        let mut all =
            vec![Self::Cut, Self::Emptied, Self::Longer, Self::Zeroed, Self::Filled, Self::Removed];
        all.extend([Self::KeyCut, Self::KeyLonger]);
        all.extend(flips(value).into_iter().map(Self::Flipped));
        all.extend(flips(key).into_iter().map(Self::KeyFlipped));
        all
    }

    /// Returns the damaged entry; `None` if it is deleted.
    fn make(self, key: &[u8], value: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let (mut key, mut value) = (key.to_vec(), value.to_vec());
        // Another bit at each position, because otherwise all flips would leave ASCII as ASCII.
        let flip = |bytes: &mut [u8], at: usize| bytes[at] ^= 1 << (at * 5 % 8);
        match self {
            Self::Flipped(at) => flip(&mut value, at),
            Self::Cut => value.truncate(value.len() / 2),
            Self::Emptied => value.clear(),
            Self::Longer => value.extend([0xff; 9]),
            Self::Zeroed => value.fill(0),
            Self::Filled => value.fill(0xff),
            Self::Removed => return None,
            Self::KeyFlipped(at) => flip(&mut key, at),
            Self::KeyCut => key.truncate((key.len() / 2).max(1)),
            Self::KeyLonger => key.extend([0xff; 9]),
        }
        Some((key, value))
    }
}

#[test]
fn a_store_that_is_whole_answers_every_call() {
    let mut calls = Calls::default();
    calls.make(&store::filled());
    assert!(calls.faults.is_empty(), "{:#?}", calls.faults);
    // There is already a journal.
    let refused: Vec<_> = calls.refused.iter().map(|(what, _)| *what).collect();
    assert_eq!(refused, ["adopt"], "{:#?}", calls.refused);
    assert!(calls.answered > 60, "only {} calls answered", calls.answered);
}

#[test]
fn no_damaged_value_makes_a_call_panic_or_mislead() {
    let whole = store::filled();
    let entries = store::entries(&whole);
    assert!(entries.len() > 100, "only {} entries", entries.len());
    let mut faults: Vec<(String, Damage, Fault)> = Vec::new();
    let (mut answered, mut refused) = (0, 0);
    for entry in &entries {
        for damage in Damage::of(&entry.key, &entry.value) {
            let damaged = store::with(&entries, entry, damage.make(&entry.key, &entry.value));
            let mut calls = Calls::default();
            calls.make(&damaged);
            answered += calls.answered;
            refused += calls.refused.len();
            let place = format!("{} {}", entry.tree, entry.key.escape_ascii());
            faults.extend(calls.faults.into_iter().map(|fault| (place.clone(), damage, fault)));
        }
    }
    assert!(faults.is_empty(), "{} faults: {:#?}", faults.len(), &faults[..faults.len().min(40)]);
    assert!(refused > entries.len(), "damage of {} entries: {refused} refusals", entries.len());
    assert!(answered > refused, "{answered} answers, {refused} refusals");
}
