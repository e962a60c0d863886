//! Storing documents in the earlier schema version that the store is at.

use std::error::Error as StdError;

use arbour_core::engine::document_layout::HEADER_BYTES;
use arbour_core::{Cause, EncodeError, Result};
use serde_json::Value;

use super::body_format::Boxed;
use super::collection::Collection;
use super::{Body, DocError, to_json, unchanged};

impl<D: Body> Collection<D> {
    /// Converts the body of an encoded document to an earlier schema version, step by step.
    ///
    /// The document is upgraded again and compared: what was accepted can be read.
    ///
    /// # Errors
    /// [`NotUpgraded`](DocError::NotUpgraded) without a downgrade for each step;
    /// [`Downgrade`](DocError::Downgrade) if one fails, or a part of the document would be lost.
    pub(super) fn downgrade(
        &self,
        to: u32,
        key: &[u8],
        body: &D,
        encoded: &mut Vec<u8>,
    ) -> Result<()> {
        let format = &self.definition.declaration.format;
        let collection = || self.definition.name().to_owned();
        let id = self.opened.id_at(key)?;
        let refused = |cause: EncodeError| {
            let (id, cause) = (id.clone(), Cause::new(cause));
            DocError::Downgrade { collection: collection(), id, to, cause }
        };
        for version in (to..format.schema).rev() {
            let Some(downgrade) = format.downgrades.get(&version) else {
                let (stored, known) = (to, format.schema);
                return Err(
                    DocError::NotUpgraded { collection: collection(), stored, known }.into()
                );
            };
            let converted = downgrade(encoded.get(HEADER_BYTES..).unwrap_or_default());
            let converted = converted.map_err(|cause| refused(caused(Boxed(cause))))?;
            encoded.truncate(HEADER_BYTES);
            encoded.extend_from_slice(&converted);
        }
        let stored = encoded.get(HEADER_BYTES..).unwrap_or_default();
        let again = format.decode(format.codec.number, to, stored);
        let again = again.map_err(|cause| refused(caused(cause)))?;
        let name = self.definition.name();
        let lost = difference(&to_json(name, body)?, &to_json(name, &again)?)
            .map(|path| format!("upgraded again, it has another value at {path:?}"));
        let reason = match lost {
            Some(reason) => Some(reason),
            None => {
                let fields = self.definition.fields_of(body);
                let broken = unchanged::broken(&self.definition, encoded, &fields);
                broken.map_err(|cause| refused(caused(cause)))?
            }
        };
        reason.map_or(Ok(()), |reason| Err(refused(EncodeError::new(reason)).into()))
    }
}

fn caused(cause: impl StdError + Send + Sync + 'static) -> EncodeError {
    EncodeError::new(cause.to_string()).with_source(cause)
}

/// Returns the path to the first place at which two documents differ.
fn difference(left: &Value, right: &Value) -> Option<String> {
    let (Value::Object(left), Value::Object(right)) = (left, right) else {
        return (left != right).then(String::new);
    };
    let names = left.keys().chain(right.keys());
    names.into_iter().find_map(|name| {
        let (left, right) = (left.get(name), right.get(name));
        let inner = difference(left.unwrap_or(&Value::Null), right.unwrap_or(&Value::Null))?;
        Some(if inner.is_empty() { name.clone() } else { format!("{name}.{inner}") })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::difference;

    #[test]
    fn the_first_place_that_differs_is_named() {
        let left = json!({"a": 1, "b": {"c": [1, 2], "d": null}});
        for (right, place) in [
            (left.clone(), None),
            (json!({"a": 1, "b": {"c": [1, 2]}}), None),
            (json!({"a": 2, "b": {}}), Some("a")),
            (json!({"a": 1, "b": {"c": [1], "d": null}}), Some("b.c")),
            (json!({"a": 1, "b": 7}), Some("b")),
            (json!({"a": 1, "b": {"c": [1, 2]}, "new": true}), Some("new")),
            (json!(7), Some("")),
        ] {
            assert_eq!(difference(&left, &right).as_deref(), place, "{right}");
        }
    }
}
