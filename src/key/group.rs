//! A group: parts that belong together.

use arbour_core::DecodeError;

use super::KeyPart;
use super::delimiter::{PART_DELIMITER, split};

/// Parts that belong together, joined by `FE`: one part, or a tuple of two to four.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a group of a key",
    note = "a group is one part, or a tuple of two to four parts"
)]
pub trait KeyGroup {
    /// The group that decoding returns: for `(&str, u64)` a `(String, u64)`.
    type Owned;

    /// The first part, owned, which [`StartsWith`](super::StartsWith) compares.
    type First;

    /// Appends the parts, joined by `FE`.
    fn encode_group(&self, key: &mut Vec<u8>);

    /// Decodes a group from exactly these bytes.
    ///
    /// # Errors
    /// A [`DecodeError`] if there are more or fewer parts, or one of them cannot be decoded.
    fn decode_group(bytes: &[u8]) -> Result<Self::Owned, DecodeError>;
}

impl<P: KeyPart> KeyGroup for P {
    type Owned = P::Owned;
    type First = P::Owned;

    #[inline]
    fn encode_group(&self, key: &mut Vec<u8>) {
        self.encode_part(key);
    }

    #[inline]
    fn decode_group(bytes: &[u8]) -> Result<Self::Owned, DecodeError> {
        P::decode_part(bytes)
    }
}

macro_rules! group_of_parts {
    ($count:literal: $First:ident $first:ident, $($Part:ident $part:ident $number:literal),+) => {
        impl<$First: KeyPart, $($Part: KeyPart),+> KeyGroup for ($First, $($Part),+) {
            type Owned = ($First::Owned, $($Part::Owned),+);
            type First = $First::Owned;

            #[inline]
            fn encode_group(&self, key: &mut Vec<u8>) {
                let ($first, $($part),+) = self;
                $first.encode_part(key);
                $(
                    key.push(PART_DELIMITER);
                    $part.encode_part(key);
                )+
            }

            #[inline]
            fn decode_group(bytes: &[u8]) -> Result<Self::Owned, DecodeError> {
                let [$first, $($part),+] = split::<$count>(bytes, PART_DELIMITER, "parts")?;
                Ok((
                    $First::decode_part($first).map_err(|error| error.within("part 1"))?,
                    $($Part::decode_part($part)
                        .map_err(|error| error.within(concat!("part ", $number)))?),+
                ))
            }
        }

        impl<$First: KeyPart, $($Part: KeyPart),+> KeyGroup for &($First, $($Part),+) {
            type Owned = ($First::Owned, $($Part::Owned),+);
            type First = $First::Owned;

            #[inline]
            fn encode_group(&self, key: &mut Vec<u8>) {
                (**self).encode_group(key);
            }

            #[inline]
            fn decode_group(bytes: &[u8]) -> Result<Self::Owned, DecodeError> {
                <($First, $($Part),+)>::decode_group(bytes)
            }
        }
    };
}

group_of_parts!(2: A a, B b 2);
group_of_parts!(3: A a, B b 2, C c 3);
group_of_parts!(4: A a, B b 2, C c 3, D d 4);
