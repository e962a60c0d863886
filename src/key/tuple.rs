//! A key: one part, or a tuple of groups.

use arbour_core::DecodeError;

use super::KeyPart;
use super::delimiter::{GROUP_DELIMITER, split};
use super::group::KeyGroup;

/// A typed key: one part, or a tuple of one to four groups split by `FF`.
///
/// The key type of a tree is an owned one, `K: Key<Owned = K>`; lookups take any `Key<Owned = K>`,
/// such as the borrowed form. Decoding is the exact inverse of encoding and refuses what encoding
/// cannot have written.
///
/// ```
/// use arbour::key::Key;
/// assert_eq!("ada".to_key_bytes(), b"ada"); // a part
/// assert_eq!(("ada", "room").to_key_bytes(), b"ada\xffroom"); // two groups
/// assert_eq!((("ada", "room"),).to_key_bytes(), b"ada\xferoom"); // one group of two parts
/// assert_ne!(("ab", "c").to_key_bytes(), ("a", "bc").to_key_bytes());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a key",
    note = "a key is one part, or a tuple of one to four groups, each a part or a tuple of parts"
)]
pub trait Key {
    /// The key that decoding returns: for `(&str, u64)` a `(String, u64)`.
    type Owned;

    /// The first part, owned, which [`StartsWith`](super::StartsWith) compares.
    type First;

    /// Appends the bytes of the key.
    ///
    /// ```
    /// use arbour::key::Key;
    /// let mut key = Vec::new();
    /// ("ada", true).encode_key(&mut key);
    /// assert_eq!(key, b"ada\xff\x01");
    /// ```
    fn encode_key(&self, key: &mut Vec<u8>);

    /// Decodes a key from exactly these bytes.
    ///
    /// # Errors
    /// A [`DecodeError`] if there are more or fewer groups or parts, or a part cannot be decoded;
    /// the error says which.
    ///
    /// ```
    /// use arbour::key::Key;
    /// let error = <(u64, (String, String))>::decode_key(b"\0\0\0\0\0\0\0\0\0\x07\xffa\xfe\x80");
    /// assert_eq!(
    ///     error.unwrap_err().to_string(),
    ///     "group 2, part 2: expected UTF-8, found 80 at offset 0"
    /// );
    /// ```
    fn decode_key(bytes: &[u8]) -> Result<Self::Owned, DecodeError>;

    /// Returns the bytes of the key, for use with the untyped operations.
    ///
    /// ```
    /// use arbour::KvStore;
    /// use arbour::key::Key;
    /// let store = arbour::MemoryStore::new();
    /// let scores = store.tree("scores")?;
    /// store.put(&scores, &("ada", 7u64).to_key_bytes(), b"100")?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    fn to_key_bytes(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(64);
        self.encode_key(&mut key);
        key
    }
}

impl<P: KeyPart> Key for P {
    type Owned = P::Owned;
    type First = P::Owned;

    #[inline]
    fn encode_key(&self, key: &mut Vec<u8>) {
        self.encode_part(key);
    }

    #[inline]
    fn decode_key(bytes: &[u8]) -> Result<Self::Owned, DecodeError> {
        P::decode_part(bytes)
    }
}

macro_rules! key_of_groups {
    ($count:literal: $First:ident $first:ident $(, $Group:ident $group:ident $number:literal)*) => {
        impl<$First: KeyGroup, $($Group: KeyGroup),*> Key for ($First, $($Group,)*) {
            type Owned = ($First::Owned, $($Group::Owned,)*);
            type First = $First::First;

            #[inline]
            fn encode_key(&self, key: &mut Vec<u8>) {
                let ($first, $($group,)*) = self;
                $first.encode_group(key);
                $(
                    key.push(GROUP_DELIMITER);
                    $group.encode_group(key);
                )*
            }

            #[inline]
            fn decode_key(bytes: &[u8]) -> Result<Self::Owned, DecodeError> {
                let [$first, $($group),*] = split::<$count>(bytes, GROUP_DELIMITER, "groups")?;
                Ok((
                    $First::decode_group($first).map_err(|error| error.within("group 1"))?,
                    $($Group::decode_group($group)
                        .map_err(|error| error.within(concat!("group ", $number)))?,)*
                ))
            }
        }

        impl<$First: KeyGroup, $($Group: KeyGroup),*> Key for &($First, $($Group,)*) {
            type Owned = ($First::Owned, $($Group::Owned,)*);
            type First = $First::First;

            #[inline]
            fn encode_key(&self, key: &mut Vec<u8>) {
                (**self).encode_key(key);
            }

            #[inline]
            fn decode_key(bytes: &[u8]) -> Result<Self::Owned, DecodeError> {
                <($First, $($Group,)*)>::decode_key(bytes)
            }
        }
    };
}

key_of_groups!(1: A a);
key_of_groups!(2: A a, B b 2);
key_of_groups!(3: A a, B b 2, C c 3);
key_of_groups!(4: A a, B b 2, C c 3, D d 4);
