//! Typed prefixes, which select the keys of a scan.
//!
//! A prefix ends at a delimiter, so the keys of `ada` do not include those of `adam`. The leading
//! group of a key is a prefix by itself; the wrappers here build the others.

use super::KeyPart;
use super::delimiter::{GROUP_DELIMITER, PART_DELIMITER};
use super::group::KeyGroup;

/// A prefix of the keys of type `K`.
///
/// | prefix | of keys | bytes |
/// |---|---|---|
/// | `("a", "b")`, the leading group | `((String, String), String)` | `a FE b FF` |
/// | [`Within`]`("a", "b")` | `(String, String, u64)` | `a FF b FF` |
/// | [`Parts`]`("a")` | `((String, String), String)` | `a FE` |
/// | [`Within`]`("a", Parts("b"))` | `(String, (String, u64))` | `a FF b FE` |
/// | [`StartsWith`](super::StartsWith)`("a")` | any that begins with a string | `a` |
///
/// ```
/// use arbour::key::KeyPrefix;
/// fn bytes<K>(prefix: impl KeyPrefix<K>) -> Vec<u8> {
///     let mut bytes = Vec::new();
///     prefix.encode_prefix(&mut bytes);
///     bytes
/// }
/// assert_eq!(bytes::<((String, String), String)>(("a", "b")), b"a\xfeb\xff");
/// ```
///
/// A prefix for keys of another type does not compile:
///
/// ```compile_fail,E0277
/// # use arbour::key::KeyPrefix;
/// # fn bytes<K>(prefix: impl KeyPrefix<K>) {}
/// bytes::<((String, String), String)>("a"); // the leading group has two parts
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a prefix of keys of type `{K}`",
    note = "the leading group is a prefix; `Within`, `Parts` and `StartsWith` make others"
)]
pub trait KeyPrefix<K> {
    /// Appends the bytes with which the keys begin.
    ///
    /// ```
    /// use arbour::key::KeyPrefix;
    /// let mut bytes = Vec::new();
    /// KeyPrefix::<(String, u64)>::encode_prefix(&"ada", &mut bytes);
    /// assert_eq!(bytes, b"ada\xff");
    /// ```
    fn encode_prefix(&self, key: &mut Vec<u8>);
}

/// A prefix that ends at a delimiter, so that the rest is a key of its own, to which [`Within`] can
/// apply another prefix.
pub trait DelimitedPrefix<K>: KeyPrefix<K> {
    /// The type of the key that follows the prefix.
    type Rest;
}

/// The leading part of the first group of a key, or several parts as a tuple; never the whole
/// group.
///
/// ```
/// use arbour::key::{KeyPrefix, Parts};
/// let mut bytes = Vec::new();
/// KeyPrefix::<((String, String), u64)>::encode_prefix(&Parts("a"), &mut bytes);
/// assert_eq!(bytes, b"a\xfe");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<T>(
    /// The parts.
    pub T,
);

/// A prefix, followed by a prefix of the rest of the key. Two leading groups are one within the other.
///
/// ```
/// use arbour::key::{KeyPrefix, Parts, StartsWith, Within};
/// let mut bytes = Vec::new();
/// let prefix = Within("a", Within(Parts("b"), StartsWith("c")));
/// KeyPrefix::<(String, (String, String))>::encode_prefix(&prefix, &mut bytes);
/// assert_eq!(bytes, b"a\xffb\xfec");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Within<L, I>(
    /// The first prefix, which ends at a delimiter.
    pub L,
    /// The prefix of what follows.
    pub I,
);

impl<K, L: DelimitedPrefix<K>, I: KeyPrefix<L::Rest>> KeyPrefix<K> for Within<L, I> {
    fn encode_prefix(&self, key: &mut Vec<u8>) {
        self.0.encode_prefix(key);
        self.1.encode_prefix(key);
    }
}

/// Leading parts of a group of type `G`, which [`Parts`] are checked against.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a prefix of groups of type `{G}`",
    note = "`Parts` takes fewer parts than the group has, of the same types"
)]
pub trait GroupPrefix<G> {
    /// The type of the group that follows the parts.
    type Rest;

    /// Appends the parts, each with its delimiter.
    fn encode_parts(&self, key: &mut Vec<u8>);
}

/// Implements the leading parts of a group, with the type of group they leave.
macro_rules! parts_of_group {
    ($Given:ident => ($Part:ident, $($After:ident),+) leaves $Rest:ty) => {
        impl<$Given: KeyPart<Owned = $Part>, $Part, $($After),+>
            GroupPrefix<($Part, $($After),+)> for Parts<$Given>
        {
            type Rest = $Rest;

            fn encode_parts(&self, key: &mut Vec<u8>) {
                self.0.encode_part(key);
                key.push(PART_DELIMITER);
            }
        }
    };
    ($($Given:ident $given:ident),+ => ($($Part:ident),+; $($After:ident),+) leaves $Rest:ty) => {
        impl<$($Given: KeyPart<Owned = $Part>,)+ $($Part,)+ $($After),+>
            GroupPrefix<($($Part,)+ $($After),+)> for Parts<($($Given),+)>
        {
            type Rest = $Rest;

            fn encode_parts(&self, key: &mut Vec<u8>) {
                let ($($given),+) = &self.0;
                $(
                    $given.encode_part(key);
                    key.push(PART_DELIMITER);
                )+
            }
        }
    };
}

parts_of_group!(P => (A, B) leaves B);
parts_of_group!(P => (A, B, C) leaves (B, C));
parts_of_group!(P => (A, B, C, D) leaves (B, C, D));
parts_of_group!(P p, Q q => (A, B; C) leaves C);
parts_of_group!(P p, Q q => (A, B; C, D) leaves (C, D));
parts_of_group!(P p, Q q, R r => (A, B, C; D) leaves D);

/// Implements the leading parts of the first group of a key.
macro_rules! parts_of_key {
    ($First:ident $(, $After:ident)*) => {
        impl<T, $First, $($After),*> KeyPrefix<($First, $($After,)*)> for Parts<T>
        where
            Self: GroupPrefix<$First>,
        {
            fn encode_prefix(&self, key: &mut Vec<u8>) {
                self.encode_parts(key);
            }
        }

        impl<T, $First, $($After),*> DelimitedPrefix<($First, $($After,)*)> for Parts<T>
        where
            Self: GroupPrefix<$First>,
        {
            type Rest = (<Self as GroupPrefix<$First>>::Rest, $($After,)*);
        }
    };
}

parts_of_key!(A);
parts_of_key!(A, B);
parts_of_key!(A, B, C);
parts_of_key!(A, B, C, D);

/// Implements the leading group of a key as a prefix.
macro_rules! group_of_key {
    ($First:ident, $($After:ident),+) => {
        impl<G: KeyGroup<Owned = $First>, $First, $($After),+>
            KeyPrefix<($First, $($After),+)> for G
        {
            fn encode_prefix(&self, key: &mut Vec<u8>) {
                self.encode_group(key);
                key.push(GROUP_DELIMITER);
            }
        }

        impl<G: KeyGroup<Owned = $First>, $First, $($After),+>
            DelimitedPrefix<($First, $($After),+)> for G
        {
            type Rest = ($($After,)+);
        }
    };
}

group_of_key!(A, B);
group_of_key!(A, B, C);
group_of_key!(A, B, C, D);
