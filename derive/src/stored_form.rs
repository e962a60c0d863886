//! Whether a field is stored in the form of its type, under its name.

use proc_macro2::Span;
use syn::Type;

use crate::diagnostics::Diagnostics;
use crate::serde_names::SerdeAttributes;

/// Attributes of serde on a field that give it another form than its type has.
const OTHER_FORMS: [&str; 5] = ["skip", "skip_serializing", "flatten", "with", "serialize_with"];

/// How errors name the id.
pub(crate) const THE_ID: &str = "the id";

/// Refuses a field that is stored in another form than its type has, or under a name that a path
/// cannot have.
pub(crate) fn check_form(
    what: &str,
    span: Span,
    name: &str,
    serde: &SerdeAttributes,
    diagnostics: &mut Diagnostics,
) {
    if let Some((attribute, _)) = serde.first_of(&OTHER_FORMS) {
        let or_computed = if what == THE_ID { "" } else { ", or declare a computed field" };
        let message = match attribute.as_str() {
            "skip" | "skip_serializing" => format!(
                "{what} is not stored because of `serde({attribute})`: remove that, or do not \
                 declare the field"
            ),
            "flatten" => format!(
                "{what} has no name of its own because of `serde(flatten)`: remove \
                 that{or_computed}"
            ),
            _ => format!(
                "{what} is stored in a form that `serde({attribute})` decides: use a newtype with \
                 that form that implements `IndexValue`{or_computed}"
            ),
        };
        diagnostics.add(span, message);
    }
    if name.is_empty() || name.contains('.') {
        let message = format!("{what} is stored as {name:?}: a name has letters and no dot");
        diagnostics.add(span, message);
    }
}

/// Tells whether serde reads null, or nothing at all, where a stored document lacks a field.
pub(crate) fn reads_null(
    kind: &Type,
    of_field: &SerdeAttributes,
    of_struct: &SerdeAttributes,
) -> bool {
    const EMPTY: [&str; 5] = ["Option", "Vec", "HashSet", "BTreeSet", "VecDeque"];
    let is_empty_by_default = match kind {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| EMPTY.iter().any(|empty| last.ident == empty)),
        _ => false,
    };
    let decides = |name: &&str| of_field.first_of(&[name]).is_some();
    let others = ["default =", "alias", "deserialize_with", "rename(deserialize)"];
    of_struct.first_of(&["default", "default =", "from", "try_from"]).is_none()
        && !others.iter().any(decides)
        && (is_empty_by_default || of_field.first_of(&["default"]).is_none())
}
