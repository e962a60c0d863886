//! How bodies are encoded, and how differently encoded ones are read.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;

use arbour_core::DecodeError;

use super::{BodyCodec, Document, Upgrade};

/// How bodies of documents and events are encoded, and how bodies are read that have another codec
/// or an older schema version.
///
/// ```
/// use arbour::documents::BodyFormat;
/// let mut names = BodyFormat::<String>::new();
/// names.upgrade(1, |body| Ok(format!("\"{}\"", std::str::from_utf8(body)?).into_bytes()));
/// assert_eq!(names.schema, 2);
/// assert_eq!(names.decode(1, 1, b"ada")?, "ada");
/// assert_eq!(names.decode(1, 2, b"\"ada\"")?, "ada");
/// # Ok::<(), arbour::documents::BodyError>(())
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
    pub upgrades: BTreeMap<u32, Upgrade>,
}

/// Why a stored body cannot be decoded.
///
/// ```
/// use arbour::documents::{BodyError, BodyFormat};
/// let error = BodyFormat::<String>::new().decode(1, 7, b"\"ada\"").unwrap_err();
/// assert!(matches!(error, BodyError::TooNew { stored: 7, known: 1 }));
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

impl<D: Document> BodyFormat<D> {
    /// Creates the format of JSON bodies at version 1.
    ///
    /// ```
    /// # use arbour::documents::BodyFormat;
    /// assert_eq!(BodyFormat::<String>::new().schema, 1);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            codec: BodyCodec::json(),
            also_read: Vec::new(),
            schema: 1,
            upgrades: BTreeMap::new(),
        }
    }

    /// Upgrades bodies from version `from` to the next, and raises the declared version if it is
    /// lower.
    ///
    /// ```
    /// # use arbour::documents::BodyFormat;
    /// let mut names = BodyFormat::<String>::new();
    /// names.upgrade(1, |body| Ok(body.to_ascii_uppercase()));
    /// assert_eq!(names.schema, 2);
    /// ```
    pub fn upgrade(
        &mut self,
        from: u32,
        upgrade: impl Fn(&[u8]) -> Result<Vec<u8>, Box<dyn StdError + Send + Sync>>
        + Send
        + Sync
        + 'static,
    ) {
        self.upgrades.insert(from, std::sync::Arc::new(upgrade));
        self.schema = self.schema.max(from.saturating_add(1));
    }

    /// Decodes a body that was written with the codec of this number, at this version.
    ///
    /// # Errors
    /// [`TooNew`](BodyError::TooNew) for a newer version; [`Decode`](BodyError::Decode) for an
    /// unknown codec, a version without an upgrade, and invalid bytes.
    ///
    /// ```
    /// # use arbour::documents::BodyFormat;
    /// assert!(BodyFormat::<u32>::new().decode(1, 1, b"seven").is_err());
    /// ```
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
        }
    }
}

impl<D: Document> Default for BodyFormat<D> {
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
struct Boxed(Box<dyn StdError + Send + Sync>);
