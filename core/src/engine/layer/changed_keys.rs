//! Changed keys in order, with a fast search for the next key changed after a point in time.

use std::cmp::Ordering;
use std::mem;
use std::ops::Bound;

use crate::{Direction, KeyRange};

/// Keys in order, each with its changes: a treap whose nodes know the newest change in their
/// subtree.
///
/// A snapshot asks for the next key changed since it was pinned. If an older snapshot exists too,
/// most keys may have been changed earlier than that, and a plain ordered map would have to walk
/// over all of them.
pub(super) struct ChangedKeys<V> {
    root: Link<V>,
    /// The state of a xorshift generator. Random priorities balance the tree whatever the keys.
    random: u64,
}

type Link<V> = Option<Box<Node<V>>>;

struct Node<V> {
    key: Box<[u8]>,
    /// When the key was last changed.
    changed: u64,
    changes: V,
    /// When any key of this subtree was last changed.
    newest: u64,
    priority: u64,
    low: Link<V>,
    high: Link<V>,
}

impl<V> Default for ChangedKeys<V> {
    fn default() -> Self {
        Self { root: None, random: 0x9E37_79B9_7F4A_7C15 }
    }
}

impl<V> ChangedKeys<V> {
    /// Returns when any key was last changed; zero if there is none.
    pub(super) fn newest(&self) -> u64 {
        newest(&self.root)
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<&V> {
        let mut link = &self.root;
        while let Some(node) = link {
            link = match key.cmp(&node.key) {
                Ordering::Less => &node.low,
                Ordering::Equal => return Some(&node.changes),
                Ordering::Greater => &node.high,
            };
        }
        None
    }

    /// Records that a key was changed at a time, and updates its changes.
    pub(super) fn change(&mut self, key: &[u8], at: u64, update: impl FnOnce(&mut V))
    where
        V: Default,
    {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        change(&mut self.root, key, at, self.random, update);
    }

    /// Returns the first key of a range, in a direction, that was changed after a time.
    pub(super) fn next(
        &self,
        range: &KeyRange<'_>,
        direction: Direction,
        after: u64,
    ) -> Option<(&[u8], &V)> {
        let from = match direction {
            Direction::Forward => range.start(),
            Direction::Reverse => range.end(),
        };
        let node = first_after(&self.root, from, direction, after)?;
        range.contains(&node.key).then_some((&*node.key, &node.changes))
    }

    /// Keeps the keys for which `keep` returns true.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut V) -> bool)
    where
        V: Default,
    {
        let mut pending = Vec::from_iter(self.root.take());
        while let Some(mut node) = pending.pop() {
            pending.extend(node.low.take());
            pending.extend(node.high.take());
            if keep(&mut node.changes) {
                let changes = mem::take(&mut node.changes);
                self.change(&node.key, node.changed, |kept| *kept = changes);
            }
        }
    }
}

fn newest<V>(link: &Link<V>) -> u64 {
    link.as_ref().map_or(0, |node| node.newest)
}

impl<V> Node<V> {
    fn update_newest(&mut self) {
        self.newest = self.changed.max(newest(&self.low)).max(newest(&self.high));
    }
}

fn change<V: Default>(
    link: &mut Link<V>,
    key: &[u8],
    at: u64,
    priority: u64,
    update: impl FnOnce(&mut V),
) {
    let Some(node) = link else {
        let mut changes = V::default();
        update(&mut changes);
        let (key, newest) = (Box::from(key), at);
        let node = Node { key, changed: at, changes, newest, priority, low: None, high: None };
        *link = Some(Box::new(node));
        return;
    };
    match key.cmp(&node.key) {
        Ordering::Less => change(&mut node.low, key, at, priority, update),
        Ordering::Greater => change(&mut node.high, key, at, priority, update),
        Ordering::Equal => {
            node.changed = at;
            update(&mut node.changes);
        }
    }
    node.update_newest();
    lift(link);
}

/// Rotates a child above its parent if its priority is higher, so that no node is below one of
/// lower priority.
fn lift<V>(link: &mut Link<V>) {
    let Some(parent) = link else { return };
    let priority = parent.priority;
    let is_above = |child: &Link<V>| child.as_ref().is_some_and(|child| child.priority > priority);
    let child = if is_above(&parent.low) {
        parent.low.take().map(|mut child| {
            parent.low = child.high.take();
            (child, true)
        })
    } else if is_above(&parent.high) {
        parent.high.take().map(|mut child| {
            parent.high = child.low.take();
            (child, false)
        })
    } else {
        None
    };
    let Some((mut child, was_low)) = child else { return };
    parent.update_newest();
    let parent = link.take();
    if was_low {
        child.high = parent;
    } else {
        child.low = parent;
    }
    child.update_newest();
    *link = Some(child);
}

/// Returns the first node from a bound on that was changed after a time. Subtrees without such a
/// change are skipped, so the search visits only the path to the bound and the path to the result.
fn first_after<'n, V>(
    link: &'n Link<V>,
    from: Bound<&[u8]>,
    direction: Direction,
    after: u64,
) -> Option<&'n Node<V>> {
    let node = link.as_deref()?;
    #[cfg(test)]
    tests::VISITS.set(tests::VISITS.get() + 1);
    if node.newest <= after {
        return None;
    }
    let (near, far) = match direction {
        Direction::Forward => (&node.low, &node.high),
        Direction::Reverse => (&node.high, &node.low),
    };
    if is_short_of(&node.key, from, direction) {
        return first_after(far, from, direction, after);
    }
    first_after(near, from, direction, after)
        .or_else(|| (node.changed > after).then_some(node))
        .or_else(|| first_after(far, from, direction, after))
}

fn is_short_of(key: &[u8], from: Bound<&[u8]>, direction: Direction) -> bool {
    let order = |bound: &[u8]| match direction {
        Direction::Forward => key.cmp(bound),
        Direction::Reverse => bound.cmp(key),
    };
    match from {
        Bound::Unbounded => false,
        Bound::Included(bound) => order(bound) == Ordering::Less,
        Bound::Excluded(bound) => order(bound) != Ordering::Greater,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    thread_local! {
        /// How many nodes were visited in the last searches.
        pub(super) static VISITS: Cell<u64> = const { Cell::new(0) };
    }

    proptest! {
        #[test]
        fn it_finds_what_a_plain_map_does(
            changes in proptest::collection::vec(any::<u8>(), 0..300),
            asked in proptest::collection::vec((any::<u8>(), any::<u8>(), 0..300u64, any::<bool>()), 20),
            kept in any::<u8>(),
        ) {
            let (mut keys, mut model) = (ChangedKeys::<u64>::default(), BTreeMap::new());
            for (at, key) in (1..).zip(&changes) {
                keys.change(&[*key], at, |last| *last = at);
                model.insert(*key, at);
            }
            for half in 0..2 {
                prop_assert_eq!(keys.newest(), model.values().copied().max().unwrap_or(0));
                for key in 0..=255 {
                    prop_assert_eq!(keys.get(&[key]), model.get(&key));
                }
                for (one, other, after, reverse) in &asked {
                    let (low, high) = ([*one.min(other)], [*one.max(other)]);
                    let range = KeyRange::new(&low[..]..=&high[..]);
                    let direction = if *reverse { Direction::Reverse } else { Direction::Forward };
                    let mut changed = model.range(low[0]..=high[0]).filter(|(_, at)| *at > after);
                    let expected = if *reverse { changed.next_back() } else { changed.next() };
                    let found = keys.next(&range, direction, *after);
                    prop_assert_eq!(found.map(|(key, at)| (key[0], *at)), expected.map(|(key, at)| (*key, *at)));
                }
                if half == 0 {
                    keys.retain(|at| *at % 256 > u64::from(kept));
                    model.retain(|_, at| *at % 256 > u64::from(kept));
                }
            }
        }
    }

    /// Sixteen times as many keys with earlier changes cost only a few more steps, even if they
    /// were changed in order, which would unbalance a plain tree.
    #[test]
    fn what_was_changed_earlier_is_not_walked_over() {
        let visits = |count: u32| {
            let mut keys = ChangedKeys::<()>::default();
            for number in 0..count {
                keys.change(&number.to_be_bytes(), 1, |()| ());
            }
            keys.change(&(count / 2).to_be_bytes(), 2, |()| ());
            VISITS.set(0);
            for number in 0..count {
                let from = number.to_be_bytes();
                for direction in [Direction::Forward, Direction::Reverse] {
                    let range = KeyRange::all();
                    keys.next(&range.from_key(&from, direction), direction, 1);
                }
            }
            VISITS.get() / u64::from(count)
        };
        let (few, many) = (visits(1_000), visits(16_000));
        assert!(many <= few * 3 && many < 100, "{few} and {many} nodes for two questions");
    }
}
