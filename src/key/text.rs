//! Strings: UTF-8 as it is.

use arbour_core::DecodeError;

use super::KeyPart;

impl KeyPart for str {
    type Owned = String;

    #[inline]
    fn encode_part(&self, key: &mut Vec<u8>) {
        key.extend_from_slice(self.as_bytes());
    }

    fn decode_part(bytes: &[u8]) -> Result<String, DecodeError> {
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| {
            let offset = error.valid_up_to();
            let found = bytes.get(offset).copied().unwrap_or_default();
            DecodeError::new("UTF-8", format!("{found:02X} at offset {offset}")).with_source(error)
        })
    }
}

impl KeyPart for String {
    type Owned = Self;

    #[inline]
    fn encode_part(&self, key: &mut Vec<u8>) {
        self.as_str().encode_part(key);
    }

    #[inline]
    fn decode_part(bytes: &[u8]) -> Result<Self, DecodeError> {
        str::decode_part(bytes)
    }
}
