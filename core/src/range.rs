//! Ranges of keys, in either direction.

use std::ops::{Bound, RangeBounds};

use smallvec::SmallVec;

use crate::bound;

/// The direction of a scan.
///
/// ```
/// assert_eq!(arbour_core::Direction::default(), arbour_core::Direction::Forward);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Ascending by unsigned bytes.
    #[default]
    Forward,
    /// Descending by unsigned bytes.
    Reverse,
}

/// The key of a bound. Short keys are stored inline: a cursor owns its range, and an allocation
/// would cost as much as reading an entry.
#[derive(Clone, Debug)]
enum Key<'a> {
    Borrowed(&'a [u8]),
    Owned(SmallVec<[u8; 24]>),
}

impl AsRef<[u8]> for Key<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Borrowed(key) => key,
            Self::Owned(key) => key,
        }
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for Key<'_> {}

/// The keys between two bounds, in unsigned bytewise order.
///
/// An inverted range, and one whose bounds exclude the same key, is empty; neither panics.
///
/// ```
/// use arbour_core::KeyRange;
/// let range = KeyRange::prefix(b"a");
/// assert!(range.contains(b"a") && range.contains(b"a\xff") && !range.contains(b"b"));
/// assert!(KeyRange::new(&b"z"[..]..&b"a"[..]).is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange<'a> {
    start: Bound<Key<'a>>,
    end: Bound<Key<'a>>,
}

impl<'a> KeyRange<'a> {
    /// Returns the range of every key.
    ///
    /// ```
    /// assert!(arbour_core::KeyRange::all().contains(b""));
    /// ```
    #[must_use]
    pub fn all() -> Self {
        Self { start: Bound::Unbounded, end: Bound::Unbounded }
    }

    /// Returns the range between the bounds of a standard range.
    ///
    /// ```
    /// use arbour_core::KeyRange;
    /// let range = KeyRange::new(&b"b"[..]..=&b"d"[..]);
    /// assert!(!range.contains(b"a") && range.contains(b"d") && !range.contains(b"d\0"));
    /// ```
    #[must_use]
    pub fn new(range: impl RangeBounds<&'a [u8]>) -> Self {
        Self::from_bounds(range.start_bound().cloned(), range.end_bound().cloned())
    }

    /// Returns the range between two bounds.
    ///
    /// ```
    /// use arbour_core::KeyRange;
    /// use std::ops::Bound;
    /// let range = KeyRange::from_bounds(Bound::Excluded(b"a"), Bound::Unbounded);
    /// assert!(!range.contains(b"a") && range.contains(b"a\0"));
    /// ```
    #[must_use]
    pub fn from_bounds(start: Bound<&'a [u8]>, end: Bound<&'a [u8]>) -> Self {
        Self { start: start.map(Key::Borrowed), end: end.map(Key::Borrowed) }
    }

    /// Returns the range of the keys that begin with `prefix`, the prefix itself included.
    ///
    /// ```
    /// let range = arbour_core::KeyRange::prefix(&[0x01, 0xff]);
    /// assert!(range.contains(&[0x01, 0xff, 0x00]));
    /// assert!(!range.contains(&[0x02]));
    /// ```
    #[must_use]
    pub fn prefix(prefix: &'a [u8]) -> Self {
        Self {
            start: Bound::Included(Key::Borrowed(prefix)),
            end: bound::end_of_prefix(prefix, SmallVec::from_slice)
                .map_or(Bound::Unbounded, |end| Bound::Excluded(Key::Owned(end))),
        }
    }

    /// Returns the part of the range after `key`, for resuming a forward scan that ended there.
    ///
    /// ```
    /// use arbour_core::KeyRange;
    /// let rest = KeyRange::prefix(b"a").resume_after(b"ab");
    /// assert!(!rest.contains(b"ab") && rest.contains(b"ab\0") && rest.contains(b"ac"));
    /// ```
    #[must_use]
    pub fn resume_after(mut self, key: &[u8]) -> Self {
        let next = bound::successor(key);
        let before = match &self.start {
            Bound::Unbounded => true,
            Bound::Included(start) | Bound::Excluded(start) => start.as_ref() < next.as_slice(),
        };
        if before {
            self.start = Bound::Included(Key::Owned(SmallVec::from_vec(next)));
        }
        self
    }

    /// Returns the part of the range before `key`, for resuming a reverse scan that ended there.
    ///
    /// ```
    /// use arbour_core::KeyRange;
    /// let rest = KeyRange::prefix(b"a").resume_before(b"ab");
    /// assert!(rest.contains(b"a") && !rest.contains(b"ab"));
    /// ```
    #[must_use]
    pub fn resume_before(mut self, key: &[u8]) -> Self {
        let is_after_end = match &self.end {
            Bound::Unbounded => true,
            Bound::Included(end) | Bound::Excluded(end) => end.as_ref() >= key,
        };
        if is_after_end {
            self.end = Bound::Excluded(Key::Owned(SmallVec::from_slice(key)));
        }
        self
    }

    /// Returns the lower bound.
    ///
    /// ```
    /// use std::ops::Bound;
    /// assert_eq!(arbour_core::KeyRange::prefix(b"a").start(), Bound::Included(&b"a"[..]));
    /// ```
    #[must_use]
    pub fn start(&self) -> Bound<&[u8]> {
        self.start.as_ref().map(AsRef::as_ref)
    }

    /// Returns the upper bound.
    ///
    /// ```
    /// use std::ops::Bound;
    /// assert_eq!(arbour_core::KeyRange::prefix(b"a").end(), Bound::Excluded(&b"b"[..]));
    /// ```
    #[must_use]
    pub fn end(&self) -> Bound<&[u8]> {
        self.end.as_ref().map(AsRef::as_ref)
    }

    /// Tells whether no key can be in the range, so that the engine need not be called.
    ///
    /// ```
    /// use arbour_core::KeyRange;
    /// use std::ops::Bound;
    /// let same = Bound::Excluded(&b"a"[..]);
    /// assert!(KeyRange::from_bounds(same, same).is_empty());
    /// assert!(!KeyRange::all().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match (self.start(), self.end()) {
            (Bound::Unbounded, Bound::Unbounded | Bound::Included(_))
            | (Bound::Included(_) | Bound::Excluded(_), Bound::Unbounded) => false,
            (Bound::Unbounded, Bound::Excluded(end)) => end.is_empty(),
            (Bound::Included(start), Bound::Included(end)) => start > end,
            (Bound::Included(start) | Bound::Excluded(start), Bound::Excluded(end))
            | (Bound::Excluded(start), Bound::Included(end)) => start >= end,
        }
    }

    /// Tells whether a key is in the range.
    ///
    /// ```
    /// assert!(arbour_core::KeyRange::prefix(b"ab").contains(b"abc"));
    /// ```
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        let after_start = match self.start() {
            Bound::Unbounded => true,
            Bound::Included(start) => start <= key,
            Bound::Excluded(start) => start < key,
        };
        let before_end = match self.end() {
            Bound::Unbounded => true,
            Bound::Included(end) => key <= end,
            Bound::Excluded(end) => key < end,
        };
        after_start && before_end
    }

    /// Returns the part of the range that a cursor still has to read after it was moved to `key`.
    /// It implements [`Cursor::seek`](crate::Cursor::seek) for engines that start a new scan to
    /// seek.
    ///
    /// ```
    /// use arbour_core::{Direction, KeyRange};
    /// let range = KeyRange::prefix(b"a");
    /// let rest = range.from_key(b"ab", Direction::Forward);
    /// assert!(!rest.contains(b"aa") && rest.contains(b"ab") && !rest.contains(b"b"));
    /// let rest = range.from_key(b"ab", Direction::Reverse);
    /// assert!(rest.contains(b"aa") && rest.contains(b"ab") && !rest.contains(b"ac"));
    /// ```
    #[must_use]
    pub fn from_key<'k>(&'k self, key: &'k [u8], direction: Direction) -> KeyRange<'k> {
        let (mut start, mut end) = (self.start(), self.end());
        match direction {
            Direction::Forward if !starts_after(start, key) => start = Bound::Included(key),
            Direction::Reverse if !ends_before(end, key) => end = Bound::Included(key),
            _ => {}
        }
        KeyRange::from_bounds(start, end)
    }

    /// Returns a range that borrows nothing.
    ///
    /// ```
    /// let range: arbour_core::KeyRange<'static> = {
    ///     let prefix = vec![1, 2];
    ///     arbour_core::KeyRange::prefix(&prefix).into_owned()
    /// };
    /// assert!(range.contains(&[1, 2, 3]));
    /// ```
    #[must_use]
    pub fn into_owned(self) -> KeyRange<'static> {
        let own = |bound: Bound<Key<'a>>| {
            bound.map(|key| match key {
                Key::Borrowed(key) => Key::Owned(SmallVec::from_slice(key)),
                Key::Owned(key) => Key::Owned(key),
            })
        };
        KeyRange { start: own(self.start), end: own(self.end) }
    }
}

/// Tells whether a lower bound excludes `key` and all keys before it.
fn starts_after(start: Bound<&[u8]>, key: &[u8]) -> bool {
    match start {
        Bound::Unbounded => false,
        Bound::Included(start) => start > key,
        Bound::Excluded(start) => start >= key,
    }
}

/// Tells whether an upper bound excludes `key` and all keys after it.
fn ends_before(end: Bound<&[u8]>, key: &[u8]) -> bool {
    match end {
        Bound::Unbounded => false,
        Bound::Included(end) => end < key,
        Bound::Excluded(end) => end <= key,
    }
}

impl<'a, R: RangeBounds<&'a [u8]>> From<R> for KeyRange<'a> {
    fn from(range: R) -> Self {
        Self::new(range)
    }
}

/// Makes the range usable with the maps of the standard library. Check [`KeyRange::is_empty`]
/// first: they panic on an inverted range.
impl RangeBounds<[u8]> for KeyRange<'_> {
    fn start_bound(&self) -> Bound<&[u8]> {
        self.start()
    }

    fn end_bound(&self) -> Bound<&[u8]> {
        self.end()
    }
}
