//! Filters: which documents match.

use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;

use super::words::{AskedWord, asked};

/// Selects documents of type `D` by their fields.
///
/// Values are compared only with values of the same type: a number is neither less nor greater than
/// a text, and null is in no range. [`not`](Self::not) is the exact complement, so it matches
/// documents with null too.
///
/// ```
/// use arbour::documents::Filter;
/// use serde_json::Value;
/// let net: Filter<Value> = Filter::eq("section", "net")
///     .and(Filter::at_least("size", 1000))
///     .and(Filter::contains_any("depends", ["libc6", "musl"]));
/// let other = net.clone().not();
/// # let _ = other;
/// ```
#[derive(Default)]
#[non_exhaustive]
pub enum Filter<D> {
    /// Matches all documents.
    #[default]
    All,
    /// The field has this value; a null value matches null.
    Eq(String, Value),
    /// The field is between the bounds. Both have the same type, or are unbounded.
    Range(String, Bound<Value>, Bound<Value>),
    /// The field has one of the values.
    In(String, Vec<Value>),
    /// The text begins with this.
    Prefix(String, String),
    /// The text contains this, ignoring case.
    Substring(String, String),
    /// At least one of the field's values is one of these.
    ContainsAny(String, Vec<Value>),
    /// All of these are among the field's values.
    ContainsAll(String, Vec<Value>),
    /// Each word of this text is a word of the field's text; see
    /// [`Index::words`](super::Index::words).
    Words(String, String),
    /// The field is null or, for a multi-valued field, empty.
    IsNull(String),
    /// All of these filters match.
    And(Vec<Self>),
    /// At least one of these filters matches.
    Or(Vec<Self>),
    /// This filter does not match.
    Not(Box<Self>),
    /// A predicate matches; its name distinguishes it from others.
    Custom(String, Predicate<D>),
}

/// The closure of a custom filter.
pub(super) type Predicate<D> = Arc<dyn Fn(&D) -> bool + Send + Sync>;

impl<D> Filter<D> {
    /// Matches documents whose field has this value; null matches documents without a value.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let ada = Filter::<serde_json::Value>::eq("name", "Ada");
    /// # let _ = ada;
    /// ```
    #[must_use]
    pub fn eq(field: &str, value: impl Into<Value>) -> Self {
        Self::Eq(field.to_owned(), value.into())
    }

    /// Matches documents whose field is between the bounds.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// use std::ops::Bound::{Excluded, Included};
    /// let victorians =
    ///     Filter::<serde_json::Value>::range("born", Included(1837.into()), Excluded(1901.into()));
    /// # let _ = victorians;
    /// ```
    #[must_use]
    pub fn range(field: &str, lower: Bound<Value>, upper: Bound<Value>) -> Self {
        Self::Range(field.to_owned(), lower, upper)
    }

    /// Matches documents whose field is this value or greater.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let large = Filter::<serde_json::Value>::at_least("size", 1 << 20);
    /// # let _ = large;
    /// ```
    #[must_use]
    pub fn at_least(field: &str, value: impl Into<Value>) -> Self {
        Self::range(field, Bound::Included(value.into()), Bound::Unbounded)
    }

    /// Matches documents whose field is this value or less.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let small = Filter::<serde_json::Value>::at_most("size", 1024);
    /// # let _ = small;
    /// ```
    #[must_use]
    pub fn at_most(field: &str, value: impl Into<Value>) -> Self {
        Self::range(field, Bound::Unbounded, Bound::Included(value.into()))
    }

    /// Matches documents whose field is greater than this value.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let later = Filter::<serde_json::Value>::above("born", 1900);
    /// # let _ = later;
    /// ```
    #[must_use]
    pub fn above(field: &str, value: impl Into<Value>) -> Self {
        Self::range(field, Bound::Excluded(value.into()), Bound::Unbounded)
    }

    /// Matches documents whose field is less than this value.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let earlier = Filter::<serde_json::Value>::below("born", 1900);
    /// # let _ = earlier;
    /// ```
    #[must_use]
    pub fn below(field: &str, value: impl Into<Value>) -> Self {
        Self::range(field, Bound::Unbounded, Bound::Excluded(value.into()))
    }

    /// Matches documents whose field has one of the values.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let either = Filter::<serde_json::Value>::is_in("section", ["net", "web"]);
    /// # let _ = either;
    /// ```
    #[must_use]
    pub fn is_in<V: Into<Value>>(field: &str, values: impl IntoIterator<Item = V>) -> Self {
        Self::In(field.to_owned(), values.into_iter().map(Into::into).collect())
    }

    /// Matches documents whose text begins with this.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let libraries = Filter::<serde_json::Value>::prefix("name", "lib");
    /// # let _ = libraries;
    /// ```
    #[must_use]
    pub fn prefix(field: &str, beginning: &str) -> Self {
        Self::Prefix(field.to_owned(), beginning.to_owned())
    }

    /// Matches documents whose text contains this, ignoring case. No index answers it; see
    /// [`words`](Self::words).
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let about_ssl = Filter::<serde_json::Value>::substring("description", "ssl");
    /// # let _ = about_ssl;
    /// ```
    #[must_use]
    pub fn substring(field: &str, part: &str) -> Self {
        Self::Substring(field.to_owned(), part.to_owned())
    }

    /// Matches documents whose field contains at least one of these.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let tagged = Filter::<serde_json::Value>::contains_any("tags", ["new", "hot"]);
    /// # let _ = tagged;
    /// ```
    #[must_use]
    pub fn contains_any<V: Into<Value>>(field: &str, values: impl IntoIterator<Item = V>) -> Self {
        Self::ContainsAny(field.to_owned(), values.into_iter().map(Into::into).collect())
    }

    /// Matches documents whose field contains all of these.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let both = Filter::<serde_json::Value>::contains_all("tags", ["new", "hot"]);
    /// # let _ = both;
    /// ```
    #[must_use]
    pub fn contains_all<V: Into<Value>>(field: &str, values: impl IntoIterator<Item = V>) -> Self {
        Self::ContainsAll(field.to_owned(), values.into_iter().map(Into::into).collect())
    }

    /// Matches documents whose text contains every word of `text`, in any order. Neither case nor
    /// accents matter: `Straße` contains `STRASSE`, and `café` contains `cafe`. A `*` right after a
    /// word asks for any word that begins so. A text without words matches every document.
    ///
    /// Words are those of Unicode Standard Annex 29. All other characters separate words and are not
    /// compared, so that what a person typed can be passed on as it is.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let mail = Filter::<serde_json::Value>::words("description", "mail serv*");
    /// # let _ = mail;
    /// ```
    #[must_use]
    pub fn words(field: &str, text: &str) -> Self {
        Self::Words(field.to_owned(), text.to_owned())
    }

    /// Matches documents whose text contains at least one word of `text`, compared as by
    /// [`words`](Self::words). A text without words matches none.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let either = Filter::<serde_json::Value>::any_words("description", "mail serv*");
    /// # let _ = either;
    /// ```
    #[must_use]
    pub fn any_words(field: &str, text: &str) -> Self {
        let word = |word: AskedWord| {
            let star = if word.is_beginning { "*" } else { "" };
            Self::words(field, &format!("{}{star}", word.text))
        };
        Self::Or(asked(text).into_iter().map(word).collect())
    }

    /// Matches documents without a value in the field.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let living = Filter::<serde_json::Value>::is_null("died");
    /// # let _ = living;
    /// ```
    #[must_use]
    pub fn is_null(field: &str) -> Self {
        Self::IsNull(field.to_owned())
    }

    /// Matches documents for which the predicate returns true. For cursors, queries whose
    /// predicates have the same name are the same query.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let long = Filter::custom("long", |word: &String| word.len() > 9);
    /// # let _ = long;
    /// ```
    #[must_use]
    pub fn custom(name: &str, predicate: impl Fn(&D) -> bool + Send + Sync + 'static) -> Self {
        Self::Custom(name.to_owned(), Arc::new(predicate))
    }

    /// Matches documents that both filters match.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let both = Filter::<serde_json::Value>::eq("a", 1).and(Filter::eq("b", 2));
    /// # let _ = both;
    /// ```
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, other) | (other, Self::All) => other,
            (Self::And(mut filters), other) => {
                filters.push(other);
                Self::And(filters)
            }
            (this, other) => Self::And(vec![this, other]),
        }
    }

    /// Matches documents that at least one of the filters matches.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let one = Filter::<serde_json::Value>::eq("a", 1).or(Filter::eq("b", 2));
    /// # let _ = one;
    /// ```
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Or(mut filters) => {
                filters.push(other);
                Self::Or(filters)
            }
            this => Self::Or(vec![this, other]),
        }
    }

    /// Matches documents that the filter does not match.
    ///
    /// ```
    /// # use arbour::documents::Filter;
    /// let others = Filter::<serde_json::Value>::eq("a", 1).not();
    /// # let _ = others;
    /// ```
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "`!filter` would hide that it is a value")]
    pub fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}

impl<D> Clone for Filter<D> {
    fn clone(&self) -> Self {
        match self {
            Self::All => Self::All,
            Self::Eq(field, value) => Self::Eq(field.clone(), value.clone()),
            Self::Range(field, lower, upper) => {
                Self::Range(field.clone(), lower.clone(), upper.clone())
            }
            Self::In(field, values) => Self::In(field.clone(), values.clone()),
            Self::Prefix(field, beginning) => Self::Prefix(field.clone(), beginning.clone()),
            Self::Substring(field, part) => Self::Substring(field.clone(), part.clone()),
            Self::ContainsAny(field, values) => Self::ContainsAny(field.clone(), values.clone()),
            Self::ContainsAll(field, values) => Self::ContainsAll(field.clone(), values.clone()),
            Self::Words(field, text) => Self::Words(field.clone(), text.clone()),
            Self::IsNull(field) => Self::IsNull(field.clone()),
            Self::And(filters) => Self::And(filters.clone()),
            Self::Or(filters) => Self::Or(filters.clone()),
            Self::Not(filter) => Self::Not(filter.clone()),
            Self::Custom(name, predicate) => Self::Custom(name.clone(), Arc::clone(predicate)),
        }
    }
}

/// Formats the filter as a formula. Two filters with the same text match the same documents,
/// provided that predicates with the same name do.
impl<D> fmt::Debug for Filter<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Eq(field, value) => write_test(f, field, format_args!("= {value}")),
            Self::Range(field, lower, upper) => write_range(f, field, lower, upper),
            Self::In(field, values) => write_list(f, field, "in", values),
            Self::Prefix(field, text) => write_test(f, field, format_args!("begins with {text:?}")),
            Self::Substring(field, text) => {
                write_test(f, field, format_args!("has {text:?} in it"))
            }
            Self::ContainsAny(field, values) => write_list(f, field, "contains any of", values),
            Self::ContainsAll(field, values) => write_list(f, field, "contains all of", values),
            Self::Words(field, text) => {
                write_test(f, field, format_args!("has the words {text:?}"))
            }
            Self::IsNull(field) => write_test(f, field, format_args!("is null")),
            Self::And(filters) => write_joined(f, &mut filters.iter().map(as_debug), " and "),
            Self::Or(filters) => write_joined(f, &mut filters.iter().map(as_debug), " or "),
            Self::Not(filter) => write!(f, "not {filter:?}"),
            Self::Custom(name, _) => write!(f, "custom {name:?}"),
        }
    }
}

// These are functions, so that a program compiles them once and not for each type of documents.

fn write_test(f: &mut fmt::Formatter<'_>, field: &str, test: fmt::Arguments<'_>) -> fmt::Result {
    write!(f, "{field:?} {test}")
}

fn write_range(
    f: &mut fmt::Formatter<'_>,
    field: &str,
    lower: &Bound<Value>,
    upper: &Bound<Value>,
) -> fmt::Result {
    match lower {
        Bound::Included(value) => write!(f, "{value} <= ")?,
        Bound::Excluded(value) => write!(f, "{value} < ")?,
        Bound::Unbounded => {}
    }
    write!(f, "{field:?}")?;
    match upper {
        Bound::Included(value) => write!(f, " <= {value}"),
        Bound::Excluded(value) => write!(f, " < {value}"),
        Bound::Unbounded => Ok(()),
    }
}

fn write_list(
    f: &mut fmt::Formatter<'_>,
    field: &str,
    test: &str,
    values: &[Value],
) -> fmt::Result {
    write!(f, "{field:?} {test} [")?;
    for (number, value) in values.iter().enumerate() {
        write!(f, "{}{value}", if number == 0 { "" } else { ", " })?;
    }
    f.write_str("]")
}

fn write_joined(
    f: &mut fmt::Formatter<'_>,
    filters: &mut dyn Iterator<Item = &dyn fmt::Debug>,
    word: &str,
) -> fmt::Result {
    f.write_str("(")?;
    for (number, filter) in filters.enumerate() {
        write!(f, "{}{filter:?}", if number == 0 { "" } else { word })?;
    }
    f.write_str(")")
}

fn as_debug<D>(filter: &Filter<D>) -> &dyn fmt::Debug {
    filter
}
