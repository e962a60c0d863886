//! Unencoded bytes.

use super::{Codec, DecodeError, EncodeError, InPlace};
use crate::key::KeyPart as _;

/// Stores byte strings and text unchanged, and `()` as no bytes at all. Text is UTF-8; reading
/// other bytes as text is an error.
///
/// A tree of `()` is a set: it holds only keys.
///
/// ```
/// use arbour::TypedTree;
/// use arbour::codec::Raw;
/// const AVATARS: TypedTree<String, Vec<u8>, Raw> = TypedTree::new("avatars");
/// const NAMES: TypedTree<u64, String, Raw> = TypedTree::new("names");
/// const MEMBERS: TypedTree<(String, String), (), Raw> = TypedTree::new("members");
/// # let _ = (AVATARS, NAMES, MEMBERS);
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Raw {}

impl Codec<Vec<u8>> for Raw {
    fn encode(value: &Vec<u8>, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        bytes.extend_from_slice(value);
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
        Ok(bytes.to_vec())
    }

    fn with_encoded<R>(
        value: &Vec<u8>,
        _spare: &mut Vec<u8>,
        run: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, EncodeError> {
        Ok(run(value))
    }
}

impl InPlace<Vec<u8>> for Raw {
    type View = [u8];

    fn view(bytes: &[u8]) -> Result<&[u8], DecodeError> {
        Ok(bytes)
    }
}

impl Codec<String> for Raw {
    fn encode(value: &String, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        bytes.extend_from_slice(value.as_bytes());
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<String, DecodeError> {
        str::decode_part(bytes)
    }
}

impl Codec<()> for Raw {
    fn encode((): &(), _bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<(), DecodeError> {
        if bytes.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::new("no bytes", format!("{} bytes", bytes.len())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_no_bytes_and_nothing_else() {
        assert!(<Raw as Codec<()>>::decode(b"").is_ok());
        let error = <Raw as Codec<()>>::decode(b"ab").unwrap_err();
        assert_eq!(error.to_string(), "expected no bytes, found 2 bytes");
    }

    #[test]
    fn text_is_its_bytes_and_nothing_else_is_text() {
        let mut bytes = Vec::new();
        Raw::encode(&"é".to_owned(), &mut bytes).unwrap();
        assert_eq!(bytes, "é".as_bytes());
        assert_eq!(<Raw as Codec<String>>::decode(&bytes).unwrap(), "é");
        let error = <Raw as Codec<String>>::decode(b"a\xff").unwrap_err();
        assert_eq!(error.to_string(), "expected UTF-8, found FF at offset 1");
    }
}
