//! The circumstances in which every case is run.

use std::fmt;

/// The circumstances in which a case is run.
///
/// ```
/// use arbour_conformance::Axis;
/// assert_eq!(Axis::ALL.map(|axis| axis.to_string()).join(" "), "fixed dynamic namespaced reopened");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// The store's own type, alone in its store.
    Fixed,
    /// Behind [`DynStore`](arbour_core::DynStore).
    Dynamic,
    /// Amid other trees full of look-alike keys, which must come through unchanged.
    Namespaced,
    /// Closed and opened again between writing and reading.
    Reopened,
    /// With a part of the data in a store of its own, for layers that support it. No case of an
    /// engine runs on this axis.
    Apart,
}

impl Axis {
    /// Every axis.
    ///
    /// ```
    /// assert_eq!(arbour_conformance::Axis::ALL.len(), 4);
    /// ```
    pub const ALL: [Self; 4] = [Self::Fixed, Self::Dynamic, Self::Namespaced, Self::Reopened];

    /// The axes of an engine that keeps nothing when it is closed.
    ///
    /// ```
    /// use arbour_conformance::Axis;
    /// assert!(!Axis::VOLATILE.contains(&Axis::Reopened));
    /// ```
    pub const VOLATILE: [Self; 3] = [Self::Fixed, Self::Dynamic, Self::Namespaced];
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed => "fixed",
            Self::Dynamic => "dynamic",
            Self::Namespaced => "namespaced",
            Self::Reopened => "reopened",
            Self::Apart => "apart",
        })
    }
}
