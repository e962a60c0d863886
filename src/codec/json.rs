//! JSON, for values that people read.

use std::any::type_name;
use std::error::Error;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::checked::{Check, Loses};
use super::{Codec, DecodeError, EncodeError};

/// Stores values as JSON without white space, as `serde_json` writes them.
///
/// JSON is self-describing: a field can be added if it has a default.
///
/// ```
/// use arbour::codec::{Codec, Json};
/// let mut bytes = Vec::new();
/// Json::encode(&("ada".to_string(), 1815), &mut bytes)?;
/// assert_eq!(bytes, br#"["ada",1815]"#);
/// # Ok::<(), arbour::EncodeError>(())
/// ```
///
/// Anything after the value except white space is refused:
///
/// ```
/// # use arbour::codec::{Codec, Json};
/// assert!(<Json as Codec<u32>>::decode(b"1815 ").is_ok());
/// assert!(<Json as Codec<u32>>::decode(b"1815,").is_err());
/// ```
///
/// Whatever JSON would lose is refused when it is written, with an error that names the place: NaN
/// and infinities, an option that contains null, integers of 128 bits and numeric keys in a type
/// that cannot read them back, and values nested deeper than
/// [`Limits::DEPTH_MAX`](crate::Limits::DEPTH_MAX).
///
/// ```
/// # use arbour::codec::{Codec, Json};
/// # use std::collections::BTreeMap;
/// let position = BTreeMap::from([("lat", f64::NAN)].map(|(name, value)| (name.to_string(), value)));
/// let error = Json::encode(&position, &mut Vec::new()).unwrap_err();
/// assert!(error.to_string().contains("\"lat\" is NaN, which JSON has no number for"));
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Json {}

impl<T: Serialize + DeserializeOwned> Codec<T> for Json {
    fn encode(value: &T, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = bytes.len();
        // Types that serde reads through its own buffer lose integers of 128 bits and keys that are
        // not strings. Both are rare, so other values do not pay for being read back.
        if write_json(value, bytes)? {
            let read = Self::decode(bytes.get(start..).unwrap_or_default());
            read.map(|_: T| ()).map_err(|cause| {
                EncodeError::new(format!(
                    "its type cannot read it back: in what is flattened, untagged or tagged \
                     internally, make integers of 128 bits and keys that are numbers or bools texts \
                     ({cause})"
                ))
                .with_source(cause)
            })?;
        }
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<T, DecodeError> {
        // Validating the text as a whole saves validating each string.
        let text = str::from_utf8(bytes).map_err(|cause| undecodable(type_name::<T>(), cause))?;
        serde_json::from_str(text).map_err(|cause| undecodable(type_name::<T>(), cause))
    }
}

fn undecodable(expected: &str, cause: impl Error + Send + Sync + 'static) -> DecodeError {
    DecodeError::new(format!("JSON of {expected}"), cause.to_string()).with_source(cause)
}

/// Appends the JSON of a value, and tells whether it must be read back to be sure that it can be
/// read.
pub(crate) fn write_json<T: Serialize>(
    value: &T,
    bytes: &mut Vec<u8>,
) -> Result<bool, EncodeError> {
    let check = Check::new(Loses::NullLike);
    match serde_json::to_writer(bytes, &check.value(value)) {
        Ok(()) => Ok(check.must_be_read()),
        Err(cause) => Err(check.error(cause)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::error::Error as _;

    use super::*;

    #[test]
    fn null_is_a_value() {
        let mut bytes = Vec::new();
        Json::encode(&None::<u32>, &mut bytes).unwrap();
        assert_eq!(bytes, b"null");
        assert_eq!(<Json as Codec<Option<u32>>>::decode(&bytes).unwrap(), None);
    }

    #[test]
    fn what_json_cannot_name_is_an_encode_error() {
        let by_pair = BTreeMap::from([((1, 2), 3)]);
        let error = Json::encode(&by_pair, &mut Vec::new()).unwrap_err();
        assert!(error.source().is_some());
    }

    #[test]
    fn truncated_and_foreign_text_is_a_decode_error() {
        for bytes in [&b"[1,"[..], b"", b"{}", b"\xff"] {
            let error = <Json as Codec<Vec<u32>>>::decode(bytes).unwrap_err();
            assert!(error.to_string().contains("expected JSON of"), "{error}");
            assert!(error.source().is_some());
        }
    }
}
