//! Bincode, for structs.

use std::any::type_name;

use ::bincode::config::{self, Config};
use ::bincode::enc::write::Writer;
use ::bincode::error::EncodeError as BincodeEncodeError;
use ::bincode::serde::{decode_from_slice, encode_into_writer};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::checked::{Check, Loses};
use super::limited::Limited;
use super::{Codec, DecodeError, EncodeError};

/// Stores anything serde can serialize in the format of bincode 2 with its standard configuration:
/// little-endian, variable-length integers, no type information.
///
/// Because the bytes do not describe their type, bytes of one type may well decode as another, and
/// a field cannot be added without rewriting what is stored. Attributes that need a self-describing
/// format, such as serde's `flatten`, `untagged` and `skip_serializing_if`, do not work with it. A
/// value with a skipped field is refused when it is written, as is one nested deeper than
/// [`Limits::DEPTH_MAX`](crate::Limits::DEPTH_MAX).
///
/// ```
/// use arbour::codec::{Bincode, Codec};
/// let mut bytes = Vec::new();
/// Bincode::encode(&("ada".to_string(), 1815u32), &mut bytes)?;
/// assert_eq!(bytes, [3, b'a', b'd', b'a', 251, 0x17, 0x07]);
/// # Ok::<(), arbour::EncodeError>(())
/// ```
///
/// Missing or extra bytes are refused:
///
/// ```
/// # use arbour::codec::{Bincode, Codec};
/// assert!(<Bincode as Codec<(u8, u8)>>::decode(&[1, 2]).is_ok());
/// assert!(<Bincode as Codec<(u8, u8)>>::decode(&[1]).is_err());
/// assert!(<Bincode as Codec<(u8, u8)>>::decode(&[1, 2, 3]).is_err());
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Bincode {}

impl<T: Serialize + DeserializeOwned> Codec<T> for Bincode {
    fn encode(value: &T, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        let check = Check::new(Loses::SkippedFields);
        let written = encode_into_writer(check.value(value), Appender(bytes), config::standard());
        written.map_err(|cause| check.error(cause))
    }

    /// Decodes under a limit, because bincode allocates as much as a length prefix claims before it
    /// notices that the bytes are missing: a single damaged byte would abort the process. The limit
    /// must be a constant, hence the steps. Each is sixteen times the longest input of its step,
    /// because bincode charges an integer its full width (at most 16 bytes) even if it takes one
    /// byte.
    fn decode(bytes: &[u8]) -> Result<T, DecodeError> {
        let config = config::standard();
        if bytes.len() <= SMALL_BYTES_MAX {
            decode_with(bytes, config.with_limit::<{ 16 * SMALL_BYTES_MAX }>())
        } else if bytes.len() <= MEDIUM_BYTES_MAX {
            decode_with(bytes, config.with_limit::<{ 16 * MEDIUM_BYTES_MAX }>())
        } else if bytes.len() <= LARGE_BYTES_MAX {
            decode_with(bytes, config.with_limit::<{ LARGE_BYTES_MAX.saturating_mul(16) }>())
        } else {
            decode_with(bytes, config.with_limit::<{ isize::MAX as usize }>())
        }
    }
}

/// The longest input decoded under the smallest limit.
const SMALL_BYTES_MAX: usize = 4 << 10;

/// The longest input decoded under the middle limit.
const MEDIUM_BYTES_MAX: usize = 16 << 20;

/// The longest input decoded under any limit: sixteen times as much exceeds the memory of most
/// machines.
const LARGE_BYTES_MAX: usize = 256 << 20;

fn decode_with<T: DeserializeOwned>(bytes: &[u8], config: impl Config) -> Result<T, DecodeError> {
    match decode_from_slice(bytes, config) {
        Ok((Limited(value), length)) if length == bytes.len() => Ok(value),
        Ok((_, length)) => {
            Err(DecodeError::new(format!("{length} bytes"), format!("{} bytes", bytes.len())))
        }
        Err(error) => {
            Err(DecodeError::new(format!("bincode of {}", type_name::<T>()), error.to_string())
                .with_source(error))
        }
    }
}

/// Appends to the caller's buffer, so that encoding needs none of its own.
struct Appender<'a>(&'a mut Vec<u8>);

impl Writer for Appender<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), BincodeEncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    /// Without a limit each of these would abort the process.
    #[test]
    fn a_damaged_length_is_refused_before_anything_is_allocated_for_it() {
        let steps = [
            (8, SMALL_BYTES_MAX),
            (SMALL_BYTES_MAX + 8, MEDIUM_BYTES_MAX),
            (MEDIUM_BYTES_MAX + 8, LARGE_BYTES_MAX),
        ];
        for (length, longest) in steps {
            for claimed in [17 * longest as u64, isize::MAX as u64 / 2] {
                let text = "x".repeat(length);
                let damaged = [&[253][..], &claimed.to_le_bytes(), text.as_bytes()].concat();
                let refused = <Bincode as Codec<String>>::decode(&damaged).unwrap_err();
                assert!(refused.to_string().contains("LimitExceeded"), "{length}: {refused}");
            }
        }
    }

    /// Each step of the limit decodes the longest and the shortest input it is meant for.
    #[test]
    fn values_of_every_length_are_read_back() {
        for length in [0, 1, SMALL_BYTES_MAX, MEDIUM_BYTES_MAX] {
            for length in length.saturating_sub(9)..length + 2 {
                let text = "x".repeat(length);
                let mut encoded = Vec::new();
                Bincode::encode(&text, &mut encoded).unwrap();
                let decoded: String = Bincode::decode(&encoded).unwrap();
                assert!(decoded == text, "{length} bytes");
            }
        }
        let numbers: Vec<u64> = (0..100_000).collect();
        let mut encoded = Vec::new();
        Bincode::encode(&numbers, &mut encoded).unwrap();
        assert_eq!(<Bincode as Codec<Vec<u64>>>::decode(&encoded).unwrap(), numbers);
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Direct,
        Group { size: u16 },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Room {
        id: String,
        topic: Option<String>,
        members: Vec<u64>,
        balance: i32,
        open: bool,
        kind: Kind,
    }

    fn room() -> Room {
        Room {
            id: "!r:x".into(),
            topic: Some("é".into()),
            members: vec![1, 250, 251, 65_536],
            balance: -2,
            open: true,
            kind: Kind::Group { size: 300 },
        }
    }

    /// How the first release stored `room`. Never change it: it represents the values in existing
    /// stores.
    const ROOM: &[u8] = &[
        4, b'!', b'r', b':', b'x', // id
        1, 2, 0xc3, 0xa9, // topic
        4, 1, 250, 251, 251, 0, 252, 0, 0, 1, 0, // members
        3, // balance, zigzag
        1, // open
        1, 251, 0x2c, 0x01, // kind
    ];

    #[test]
    fn the_format_is_pinned() {
        let mut bytes = Vec::new();
        Bincode::encode(&room(), &mut bytes).unwrap();
        assert_eq!(bytes, ROOM);
        assert_eq!(<Bincode as Codec<Room>>::decode(ROOM).unwrap(), room());
    }

    #[test]
    fn every_truncation_and_a_byte_too_many_are_decode_errors() {
        for length in 0..ROOM.len() {
            let error = <Bincode as Codec<Room>>::decode(&ROOM[..length]).unwrap_err();
            assert!(error.source().is_some(), "{error}");
        }
        let error = <Bincode as Codec<Room>>::decode(&[ROOM, &[0]].concat()).unwrap_err();
        assert_eq!(error.to_string(), "expected 26 bytes, found 27 bytes");
    }

    /// bincode allocates what a length prefix claims. Without a limit this one would panic with a
    /// capacity overflow, and a smaller one would abort.
    #[test]
    fn an_absurd_length_is_a_decode_error() {
        let lie = [253, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(<Bincode as Codec<String>>::decode(&lie).is_err());
        for length in [SMALL_BYTES_MAX + 1, MEDIUM_BYTES_MAX + 1] {
            let mut bytes = lie.to_vec();
            bytes.resize(length, 0);
            assert!(<Bincode as Codec<String>>::decode(&bytes).is_err());
        }
    }

    /// The worst case of the limit: integers that are charged 16 bytes and take one.
    #[test]
    fn dense_values_stay_under_the_limit_of_every_step() {
        for length in [SMALL_BYTES_MAX, SMALL_BYTES_MAX + 1] {
            let zeros = vec![0u128; length - 3];
            let mut bytes = Vec::new();
            Bincode::encode(&zeros, &mut bytes).unwrap();
            assert_eq!(bytes.len(), length);
            assert_eq!(<Bincode as Codec<Vec<u128>>>::decode(&bytes).unwrap(), zeros);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = <Bincode as Codec<Room>>::decode(&bytes);
        }
    }
}
