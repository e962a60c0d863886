//! Fixed-size values in their memory representation.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Codec, DecodeError, EncodeError, InPlace};

/// Stores fixed-size types of the `zerocopy` crate in their memory representation.
///
/// Types with alignment 1 can be read [in place](InPlace), without copying even their bytes. Use
/// the integers of `zerocopy::little_endian` or `zerocopy::big_endian`, which have alignment 1; the
/// native integers change their bytes with the machine.
///
/// ```
/// use arbour::codec::{Codec, ZeroCopy};
/// use zerocopy::little_endian::I32;
/// let mut bytes = Vec::new();
/// ZeroCopy::encode(&I32::new(-2), &mut bytes)?;
/// assert_eq!(bytes, [0xfe, 0xff, 0xff, 0xff]);
/// assert!(<ZeroCopy as Codec<I32>>::decode(&[0; 3]).is_err());
/// # Ok::<(), arbour::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum ZeroCopy {}

impl<T: FromBytes + IntoBytes + Immutable> Codec<T> for ZeroCopy {
    fn encode(value: &T, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        bytes.extend_from_slice(value.as_bytes());
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<T, DecodeError> {
        T::read_from_bytes(bytes).map_err(|_| wrong_length::<T>(bytes))
    }

    fn with_encoded<R>(
        value: &T,
        _spare: &mut Vec<u8>,
        run: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, EncodeError> {
        Ok(run(value.as_bytes()))
    }
}

impl<T: FromBytes + IntoBytes + KnownLayout + Immutable + Unaligned> InPlace<T> for ZeroCopy {
    type View = T;

    fn view(bytes: &[u8]) -> Result<&T, DecodeError> {
        T::ref_from_bytes(bytes).map_err(|_| wrong_length::<T>(bytes))
    }
}

/// A wrong length is the only possible failure: every content is a valid value, and alignment is 1.
#[cold]
fn wrong_length<T>(bytes: &[u8]) -> DecodeError {
    DecodeError::new(format!("{} bytes", size_of::<T>()), format!("{} bytes", bytes.len()))
}

#[cfg(test)]
mod tests {
    use zerocopy::little_endian::I32;

    use super::*;

    #[test]
    fn only_the_exact_length_is_a_value() {
        for length in [0, 3, 5] {
            let bytes = vec![0; length];
            let error = <ZeroCopy as Codec<I32>>::decode(&bytes).unwrap_err();
            assert_eq!(error.to_string(), format!("expected 4 bytes, found {length} bytes"));
            assert!(<ZeroCopy as InPlace<I32>>::view(&bytes).is_err());
        }
    }

    #[test]
    fn a_view_is_the_stored_bytes() {
        let stored = [0, 0xfe, 0xff, 0xff, 0xff];
        let viewed = <ZeroCopy as InPlace<I32>>::view(&stored[1..]).unwrap();
        assert_eq!(viewed.get(), -2);
        assert_eq!(std::ptr::from_ref(viewed).cast::<u8>(), stored[1..].as_ptr());
    }
}
