//! What can be a document.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A type whose values can be documents: anything serde can serialize and deserialize.
///
/// ```
/// use arbour::documents::Document;
/// fn is_document<D: Document>() {}
/// is_document::<serde_json::Value>();
/// ```
pub trait Document: Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<D: Serialize + DeserializeOwned + Send + Sync + 'static> Document for D {}
