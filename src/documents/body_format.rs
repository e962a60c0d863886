//! How bodies are encoded, and how differently encoded ones are read.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;

use arbour_core::DecodeError;

use super::body::Conversion;
use super::{Body, BodyCodec};
use crate::AnyResult;

/// How bodies of documents and events are encoded, and how bodies are read that have another codec
/// or an older schema version.
///
/// ```
/// let notes = arbour::documents::Declaration::<String>::new("notes");
/// assert_eq!(notes.format.schema, 1);
/// ```
pub struct BodyFormat<D> {
    /// The codec for writing. A body is read by the codec it was written with, which must be this
    /// one or one of [`also_read`](Self::also_read).
    pub codec: BodyCodec<D>,
    /// Other codecs with which stored bodies may have been written.
    pub also_read: Vec<BodyCodec<D>>,
    /// The schema version of bodies, from 1.
    pub schema: u32,
    /// The upgrades: for each version, the conversion to the next.
    pub upgrades: BTreeMap<u32, Conversion>,
    /// The downgrades: for each version, the conversion from the next.
    pub downgrades: BTreeMap<u32, Conversion>,
}

/// Why a stored body cannot be decoded.
///
/// ```
/// let notes = arbour::documents::Declaration::<String>::new("notes");
/// let refused = notes.format.decode(1, 7, b"\"a body of a newer version\"");
/// assert!(refused.is_err());
/// ```
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It was written by a newer program.
    #[error("it has schema version {stored}, and this program knows {known}")]
    TooNew {
        /// The version it was written with.
        stored: u32,
        /// The version this program declares.
        known: u32,
    },
    /// Its bytes do not fit the codec, or an upgrade refused them.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl<D: Body> BodyFormat<D> {
    /// Creates the format of JSON bodies at version 1.
    #[must_use]
    pub fn new() -> Self {
        Self {
            codec: BodyCodec::json(),
            also_read: Vec::new(),
            schema: 1,
            upgrades: BTreeMap::new(),
            downgrades: BTreeMap::new(),
        }
    }

    /// Upgrades bodies from version `from` to the next, and raises the declared version if it is
    /// lower.
    pub fn upgrade(
        &mut self,
        from: u32,
        upgrade: impl Fn(&[u8]) -> AnyResult<Vec<u8>> + Send + Sync + 'static,
    ) {
        self.upgrades.insert(from, std::sync::Arc::new(upgrade));
        self.schema = self.schema.max(from.saturating_add(1));
    }

    /// Decodes a body that was written with the codec of this number, at this version.
    ///
    /// # Errors
    /// [`TooNew`](BodyError::TooNew) for a newer version; [`Decode`](BodyError::Decode) for an
    /// unknown codec, a version without an upgrade, and invalid bytes.
    pub fn decode(&self, codec: u8, schema: u32, body: &[u8]) -> Result<D, BodyError> {
        let found = std::iter::once(&self.codec)
            .chain(&self.also_read)
            .find(|known| known.number == codec)
            .ok_or_else(|| {
                DecodeError::new(format!("codec {:?}", self.codec), format!("codec {codec}"))
            })?;
        if schema == self.schema {
            return Ok((found.decode)(body)?);
        }
        if schema > self.schema {
            return Err(BodyError::TooNew { stored: schema, known: self.schema });
        }
        let mut body = body.to_vec();
        for version in schema..self.schema {
            let upgrade = self.upgrades.get(&version).ok_or_else(|| {
                DecodeError::new("a version with an upgrade", format!("version {version}"))
            })?;
            body = upgrade(&body).map_err(|cause| {
                let expected = format!("a body of schema version {version}");
                DecodeError::new(expected, cause.to_string()).with_source(Boxed(cause))
            })?;
        }
        Ok((found.decode)(&body)?)
    }
}

impl<D> Clone for BodyFormat<D> {
    fn clone(&self) -> Self {
        Self {
            codec: self.codec,
            also_read: self.also_read.clone(),
            schema: self.schema,
            upgrades: self.upgrades.clone(),
            downgrades: self.downgrades.clone(),
        }
    }
}

impl<D: Body> Default for BodyFormat<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D> fmt::Debug for BodyFormat<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyFormat")
            .field("codec", &self.codec)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// Wraps an error of the program as the source of another.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Boxed(pub(super) Box<dyn StdError + Send + Sync>);

#[cfg(test)]
mod tests {
    use super::{BodyError, BodyFormat};

    #[test]
    fn bodies_of_all_versions_up_to_the_declared_one_are_decoded() {
        let mut names = BodyFormat::<String>::new();
        assert_eq!(names.schema, 1);
        let quote = |body: &[u8]| Ok(format!("\"{}\"", std::str::from_utf8(body)?).into_bytes());
        names.upgrade(1, quote);
        assert_eq!(names.schema, 2);
        assert_eq!(names.decode(1, 1, b"ada").unwrap(), "ada");
        assert_eq!(names.decode(1, 2, b"\"ada\"").unwrap(), "ada");
        let refused = names.decode(1, 3, b"\"ada\"").unwrap_err();
        assert!(matches!(refused, BodyError::TooNew { stored: 3, known: 2 }));
        for (codec, schema, body) in [(9, 2, &b"\"ada\""[..]), (1, 2, b"ada"), (1, 0, b"ada")] {
            let refused = names.decode(codec, schema, body).unwrap_err();
            assert!(matches!(refused, BodyError::Decode(_)), "{codec} {schema}");
        }
    }
}
