//! Whether a field is stored in the form of its type, under its name.

use proc_macro2::Span;

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
