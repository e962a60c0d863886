//! Explaining how a query is answered.

use std::fmt;

use serde_json::Value;

/// How a query is answered: what was chosen, why, and whether that was a good choice.
///
/// ```
/// use arbour::documents::{Access, Explain};
/// fn is_quick(explain: &Explain) -> bool {
///     !explain.scans_all() && !explain.sorts
/// }
/// # let _ = is_quick;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explain {
    /// How documents are found.
    pub access: Access,
    /// Whether every document, or a whole index, is read.
    pub reads_all: bool,
    /// Whether all matches are read and then sorted; otherwise they are found in order.
    pub sorts: bool,
    /// The condition checked on each document found; `None` if the index answers the whole filter.
    pub residual: Option<String>,
    /// The indexes that could have been used, including the chosen one.
    pub considered: Vec<Considered>,
    /// How many documents were expected to be checked.
    pub estimated_rows: u64,
    /// How many documents were checked.
    pub real_rows: u64,
    /// How many documents the page has.
    pub returned: u64,
}

/// How documents are found.
///
/// ```
/// use arbour::documents::Access;
/// assert_eq!(Access::AllDocuments.to_string(), "reads ALL documents");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// No document can match.
    Nothing,
    /// By their ids.
    Ids(usize),
    /// By ranges of an index.
    Index {
        /// Its name.
        name: String,
        /// How many ranges.
        ranges: usize,
        /// Whether it is read backwards.
        reverse: bool,
    },
    /// In several ways, each document once.
    Union(Vec<Self>),
    /// Every document is read.
    AllDocuments,
}

/// An index that could have been used.
///
/// ```
/// use arbour::documents::Considered;
/// let index = "section".to_owned();
/// let way = Considered { index, values: vec!["net".into()], entries: 512 };
/// assert_eq!(way.to_string(), r#""section" at "net" has 512 entries"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// Its name.
    pub index: String,
    /// The values of its first parts, at which it would have been read.
    pub values: Vec<Value>,
    /// How many entries would have been read, counted up to 512.
    pub entries: u64,
}

impl fmt::Display for Considered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.index)?;
        for (number, value) in self.values.iter().enumerate() {
            write!(f, "{}{value}", if number == 0 { " at " } else { ", " })?;
        }
        write!(f, " has {} {}", self.entries, if self.entries == 1 { "entry" } else { "entries" })
    }
}

impl Explain {
    /// Creates an explanation of a choice, before anything was read.
    ///
    /// ```
    /// use arbour::documents::{Access, Explain};
    /// assert!(Explain::new(Access::AllDocuments).scans_all());
    /// ```
    #[must_use]
    pub fn new(access: Access) -> Self {
        Self {
            reads_all: access == Access::AllDocuments,
            access,
            sorts: false,
            residual: None,
            considered: Vec::new(),
            estimated_rows: 0,
            real_rows: 0,
            returned: 0,
        }
    }

    /// Tells whether every document or a whole index is read, which a caller can
    /// [forbid](super::Selection::require_index).
    ///
    /// ```
    /// # use arbour::documents::{Access, Explain};
    /// assert!(!Explain::new(Access::Nothing).scans_all());
    /// ```
    #[must_use]
    pub fn scans_all(&self) -> bool {
        self.reads_all
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("reads nothing"),
            Self::Ids(1) => f.write_str("gets 1 id"),
            Self::Ids(count) => write!(f, "gets {count} ids"),
            Self::Index { name, ranges, reverse } => {
                write!(f, "reads {ranges} range{}", if *ranges == 1 { "" } else { "s" })?;
                let backwards = if *reverse { ", backwards" } else { "" };
                write!(f, " of the index {name:?}{backwards}")
            }
            Self::Union(parts) => {
                for (number, part) in parts.iter().enumerate() {
                    write!(f, "{}{part}", if number == 0 { "" } else { " and " })?;
                }
                Ok(())
            }
            Self::AllDocuments => f.write_str("reads ALL documents"),
        }
    }
}

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.access)?;
        if let Some(residual) = &self.residual {
            write!(f, ", keeps those where {residual}")?;
        }
        if self.sorts {
            f.write_str(", sorts them")?;
        }
        write!(
            f,
            "; {} of {} looked at, {} expected",
            self.returned, self.real_rows, self.estimated_rows
        )?;
        for considered in &self.considered {
            write!(f, "; {considered}")?;
        }
        Ok(())
    }
}
