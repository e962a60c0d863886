//! Reading the attributes of one name, such as `#[document(...)]`.

use syn::Attribute;
use syn::meta::ParseNestedMeta;

/// Passes each item of the attributes of this name to `read`, in order.
pub(crate) fn read_attributes(
    attributes: &[Attribute],
    name: &str,
    mut read: impl FnMut(&ParseNestedMeta<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    let mut named = attributes.iter().filter(|attribute| attribute.path().is_ident(name));
    named.try_for_each(|attribute| attribute.parse_nested_meta(|meta| read(&meta)))
}
