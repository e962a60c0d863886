//! The ids of steps, and their order.

use std::fmt;

use arbour_core::DecodeError;

/// The id of a step within its group: a number or a name.
///
/// Numbers sort before names, numbers by value, names by their bytes.
///
/// ```
/// use arbour::migrations::StepId;
/// let mut ids = [StepId::from("2026 rooms"), StepId::from(10), StepId::from(9)];
/// ids.sort();
/// assert_eq!(ids.map(|id| id.to_string()), ["9", "10", "2026 rooms"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepId {
    /// A number.
    Number(u64),
    /// A name.
    Name(String),
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl From<u64> for StepId {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for StepId {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<String> for StepId {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

/// A step of a group. Keys sort in the order in which steps run across all groups: by step first,
/// then by group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct StepKey {
    pub(super) id: StepId,
    pub(super) group: String,
}

impl StepKey {
    pub(super) fn new(group: &str, id: &StepId) -> Self {
        Self { id: id.clone(), group: group.to_owned() }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(self.group.len() + 12);
        key.extend_from_slice(self.group.as_bytes());
        key.push(0xff);
        match &self.id {
            StepId::Number(number) => {
                key.push(0);
                key.extend_from_slice(&number.to_be_bytes());
            }
            StepId::Name(name) => {
                key.push(1);
                key.extend_from_slice(name.as_bytes());
            }
        }
        key
    }

    pub(super) fn decode(key: &[u8]) -> Result<Self, DecodeError> {
        let wrong = || DecodeError::new("group FF step", key.escape_ascii().to_string());
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| wrong());
        let mut parts = key.splitn(2, |byte| *byte == 0xff);
        let (group, id) = (parts.next().unwrap_or_default(), parts.next().ok_or_else(wrong)?);
        let id = match id.split_first().ok_or_else(wrong)? {
            (0, number) => {
                StepId::Number(u64::from_be_bytes(number.try_into().map_err(|_| wrong())?))
            }
            (1, name) => StepId::Name(text(name)?),
            _ => return Err(wrong()),
        };
        Ok(Self { id, group: text(group)? })
    }
}

#[cfg(test)]
mod tests {
    use super::{StepId, StepKey};

    #[test]
    fn keys_come_back_and_keep_the_order_of_a_group() {
        let ids = [0, 1, 255, 256, u64::MAX].map(StepId::Number);
        let names = ["", "2", "a", "a\u{e9}"].map(StepId::from);
        let keys: Vec<StepKey> =
            ids.iter().chain(&names).map(|id| StepKey::new("g\u{f6}", id)).collect();
        let encoded: Vec<Vec<u8>> = keys.iter().map(StepKey::encode).collect();
        assert!(encoded.is_sorted() && keys.is_sorted());
        for (key, bytes) in keys.iter().zip(&encoded) {
            assert_eq!(StepKey::decode(bytes).unwrap(), *key);
        }
        for wrong in [&b""[..], b"g", b"g\xff", b"g\xff\x00\x01", b"g\xff\x02a", b"\xfe\xff\x01a"] {
            assert!(StepKey::decode(wrong).is_err(), "{}", wrong.escape_ascii());
        }
    }
}
