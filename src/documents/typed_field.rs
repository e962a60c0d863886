//! Fields that know the type of their documents and of their values.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeBounds;

use arbour_core::Direction;
use serde_json::Value;

use super::sort::Sort;
use super::{Filter, IndexValue, ManyValues, TextValue};

/// A field with values of type `V` of documents of type `D`.
///
/// `#[derive(Document)]` declares a constant for each field. A comparison with another type, or a
/// comparison that the field does not support, does not compile. What a filter compares with is
/// `&str` for texts and the type of the field otherwise; for an `Option<T>`, it is that of `T`.
///
/// ```
/// use arbour::documents::TypedField;
/// use serde_json::Value;
///
/// // A program declares constants like these for schemaless documents.
/// const NAME: TypedField<Value, String> = TypedField::new("name");
/// const DIED: TypedField<Value, Option<i32>> = TypedField::new("died");
/// const TAGS: TypedField<Value, Vec<String>> = TypedField::new("tags");
///
/// let filter = NAME.prefix("A").and(DIED.range(1837..=1901).or(DIED.is_null()));
/// let tagged = filter.and(TAGS.contains("poet"));
/// # let _ = tagged;
/// ```
pub struct TypedField<D, V> {
    name: &'static str,
    types: PhantomData<fn(&D) -> V>,
}

impl<D, V> TypedField<D, V> {
    /// Names a declared field.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// const BORN: TypedField<serde_json::Value, i32> = TypedField::new("born");
    /// assert_eq!(BORN.name(), "born");
    /// ```
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, types: PhantomData }
    }

    /// Returns the name of the field, which methods that are not typed take.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// assert_eq!(TypedField::<serde_json::Value, i32>::new("born").name(), "born");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

// The bounds are at the methods and not at the blocks: then the compiler says what to do, by the texts of
// the traits, if a field is asked for what it does not have.
/// A field with one value.
impl<D, V> TypedField<D, V> {
    /// Matches documents whose field has this value.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const BORN: TypedField<serde_json::Value, i32> = TypedField::new("born");
    /// assert_eq!(format!("{:?}", BORN.eq(1815)), r#""born" = 1815"#);
    /// ```
    #[must_use]
    pub fn eq(self, value: V::Arg<'_>) -> Filter<D>
    where
        V: IndexValue,
    {
        Filter::eq(self.name, V::arg_value(&value))
    }

    /// Matches documents whose field does not have this value, including those where it is null.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const BORN: TypedField<serde_json::Value, i32> = TypedField::new("born");
    /// assert_eq!(format!("{:?}", BORN.ne(1815)), r#"not "born" = 1815"#);
    /// ```
    #[must_use]
    pub fn ne(self, value: V::Arg<'_>) -> Filter<D>
    where
        V: IndexValue,
    {
        self.eq(value).not()
    }

    /// Matches documents whose field has one of the values.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const BORN: TypedField<serde_json::Value, i32> = TypedField::new("born");
    /// assert_eq!(format!("{:?}", BORN.is_in([1, 2])), r#""born" in [1, 2]"#);
    /// ```
    #[must_use]
    pub fn is_in<'a>(self, values: impl IntoIterator<Item = V::Arg<'a>>) -> Filter<D>
    where
        V: IndexValue,
    {
        Filter::is_in(self.name, values.into_iter().map(|value| V::arg_value(&value)))
    }

    /// Matches documents whose field is greater than this value.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const BORN: TypedField<serde_json::Value, i32> = TypedField::new("born");
    /// assert_eq!(format!("{:?}", BORN.above(1)), r#"1 < "born""#);
    /// ```
    #[must_use]
    pub fn above(self, value: V::Arg<'_>) -> Filter<D>
    where
        V: IndexValue,
    {
        Filter::above(self.name, V::arg_value(&value))
    }

    /// Matches documents whose field is this value or greater.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const BORN: TypedField<serde_json::Value, i32> = TypedField::new("born");
    /// assert_eq!(format!("{:?}", BORN.at_least(1)), r#"1 <= "born""#);
    /// ```
    #[must_use]
    pub fn at_least(self, value: V::Arg<'_>) -> Filter<D>
    where
        V: IndexValue,
    {
        Filter::at_least(self.name, V::arg_value(&value))
    }

    /// Matches documents whose field is less than this value.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const BORN: TypedField<serde_json::Value, i32> = TypedField::new("born");
    /// assert_eq!(format!("{:?}", BORN.below(1)), r#""born" < 1"#);
    /// ```
    #[must_use]
    pub fn below(self, value: V::Arg<'_>) -> Filter<D>
    where
        V: IndexValue,
    {
        Filter::below(self.name, V::arg_value(&value))
    }

    /// Matches documents whose field is this value or less.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const BORN: TypedField<serde_json::Value, i32> = TypedField::new("born");
    /// assert_eq!(format!("{:?}", BORN.at_most(1)), r#""born" <= 1"#);
    /// ```
    #[must_use]
    pub fn at_most(self, value: V::Arg<'_>) -> Filter<D>
    where
        V: IndexValue,
    {
        Filter::at_most(self.name, V::arg_value(&value))
    }

    /// Matches documents whose field is within a range. Null is in no range, not even in `..`.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const BORN: TypedField<serde_json::Value, i32> = TypedField::new("born");
    /// assert_eq!(format!("{:?}", BORN.range(1..9)), r#"1 <= "born" < 9"#);
    /// ```
    #[must_use]
    pub fn range<'a>(self, bounds: impl RangeBounds<V::Arg<'a>>) -> Filter<D>
    where
        V: IndexValue,
    {
        let lower = bounds.start_bound().map(V::arg_value);
        Filter::range(self.name, lower, bounds.end_bound().map(V::arg_value))
    }

    /// Sorts the least value first, null before all values.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const BORN: TypedField<serde_json::Value, i32> = TypedField::new("born");
    /// assert_eq!(format!("{:?}", BORN.ascending()), r#"+"born""#);
    /// ```
    #[must_use]
    pub fn ascending(self) -> Sort<D>
    where
        V: IndexValue,
    {
        Sort::new(self.name, Direction::Forward)
    }

    /// Sorts the greatest value first, null after all values.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const BORN: TypedField<serde_json::Value, i32> = TypedField::new("born");
    /// assert_eq!(format!("{:?}", BORN.descending()), r#"-"born""#);
    /// ```
    #[must_use]
    pub fn descending(self) -> Sort<D>
    where
        V: IndexValue,
    {
        Sort::new(self.name, Direction::Reverse)
    }
}

/// A field that may be without a value.
impl<D, V: IndexValue> TypedField<D, Option<V>> {
    /// Matches documents whose field has no value.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// const DIED: TypedField<serde_json::Value, Option<i32>> = TypedField::new("died");
    /// assert_eq!(format!("{:?}", DIED.is_null()), r#""died" is null"#);
    /// ```
    #[must_use]
    pub fn is_null(self) -> Filter<D> {
        Filter::is_null(self.name)
    }
}

/// A field whose value is a text.
impl<D, V> TypedField<D, V> {
    /// Matches documents whose text begins with this.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const NAME: TypedField<serde_json::Value, String> = TypedField::new("name");
    /// assert_eq!(format!("{:?}", NAME.prefix("A")), r#""name" begins with "A""#);
    /// ```
    #[must_use]
    pub fn prefix(self, beginning: &str) -> Filter<D>
    where
        V: TextValue,
    {
        Filter::prefix(self.name, beginning)
    }

    /// Matches documents whose text contains this, ignoring case. No index answers it; see
    /// [`words`](Self::words).
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const NAME: TypedField<serde_json::Value, String> = TypedField::new("name");
    /// assert_eq!(format!("{:?}", NAME.substring("da")), r#""name" has "da" in it"#);
    /// ```
    #[must_use]
    pub fn substring(self, part: &str) -> Filter<D>
    where
        V: TextValue,
    {
        Filter::substring(self.name, part)
    }

    /// Matches documents whose text contains every word of `text`, in any order; see
    /// [`Filter::words`].
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const NAME: TypedField<serde_json::Value, String> = TypedField::new("name");
    /// assert_eq!(format!("{:?}", NAME.words("ada ki*")), r#""name" has the words "ada ki*""#);
    /// ```
    #[must_use]
    pub fn words(self, text: &str) -> Filter<D>
    where
        V: TextValue,
    {
        Filter::words(self.name, text)
    }

    /// Matches documents whose text contains at least one word of `text`; see [`Filter::any_words`].
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const NAME: TypedField<serde_json::Value, String> = TypedField::new("name");
    /// let either = NAME.any_words("ada king");
    /// assert_eq!(format!("{either:?}"), r#"("name" has the words "ada" or "name" has the words "king")"#);
    /// ```
    #[must_use]
    pub fn any_words(self, text: &str) -> Filter<D>
    where
        V: TextValue,
    {
        Filter::any_words(self.name, text)
    }
}

/// A field with many values.
impl<D, V> TypedField<D, V> {
    /// Matches documents whose field contains this.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const TAGS: TypedField<serde_json::Value, Vec<String>> = TypedField::new("tags");
    /// assert_eq!(format!("{:?}", TAGS.contains("new")), r#""tags" contains any of ["new"]"#);
    /// ```
    #[must_use]
    pub fn contains(self, value: <V::Item as IndexValue>::Arg<'_>) -> Filter<D>
    where
        V: ManyValues,
    {
        Filter::contains_any(self.name, [V::Item::arg_value(&value)])
    }

    /// Matches documents whose field contains at least one of these.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const TAGS: TypedField<serde_json::Value, Vec<String>> = TypedField::new("tags");
    /// let tagged = TAGS.contains_any(["new", "hot"]);
    /// assert_eq!(format!("{tagged:?}"), r#""tags" contains any of ["new", "hot"]"#);
    /// ```
    #[must_use]
    pub fn contains_any<'a>(
        self,
        values: impl IntoIterator<Item = <V::Item as IndexValue>::Arg<'a>>,
    ) -> Filter<D>
    where
        V: ManyValues,
    {
        Filter::contains_any(self.name, self.elements(values))
    }

    /// Matches documents whose field contains all of these.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const TAGS: TypedField<serde_json::Value, Vec<String>> = TypedField::new("tags");
    /// let tagged = TAGS.contains_all(["new", "hot"]);
    /// assert_eq!(format!("{tagged:?}"), r#""tags" contains all of ["new", "hot"]"#);
    /// ```
    #[must_use]
    pub fn contains_all<'a>(
        self,
        values: impl IntoIterator<Item = <V::Item as IndexValue>::Arg<'a>>,
    ) -> Filter<D>
    where
        V: ManyValues,
    {
        Filter::contains_all(self.name, self.elements(values))
    }

    /// Matches documents whose field has no value: it is null or contains nothing.
    ///
    /// ```
    /// # use arbour::documents::TypedField;
    /// # const TAGS: TypedField<serde_json::Value, Vec<String>> = TypedField::new("tags");
    /// assert_eq!(format!("{:?}", TAGS.is_empty()), r#""tags" is null"#);
    /// ```
    #[must_use]
    pub fn is_empty(self) -> Filter<D>
    where
        V: ManyValues,
    {
        Filter::is_null(self.name)
    }

    /// Returns values as the elements of the field, for its default.
    #[doc(hidden)]
    pub fn elements<'a>(
        self,
        values: impl IntoIterator<Item = <V::Item as IndexValue>::Arg<'a>>,
    ) -> Vec<Value>
    where
        V: ManyValues,
    {
        values.into_iter().map(|value| V::Item::arg_value(&value)).collect()
    }
}

impl<D, V> Clone for TypedField<D, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D, V> Copy for TypedField<D, V> {}

impl<D, V> fmt::Debug for TypedField<D, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedField").field(&self.name).finish()
    }
}
