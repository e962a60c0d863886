//! Reads the dependencies of a package.

/// Returns the names in a list of dependencies, as `libc6 (>= 2.34), python3:any, vim | nano`: those
/// of alternatives too, without versions, architectures and profiles.
pub(super) fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', '|'])
        .filter_map(|dependency| dependency.trim_start().split(is_end_of_name).next())
        .filter(|name| !name.is_empty())
}

fn is_end_of_name(character: char) -> bool {
    character.is_whitespace() || matches!(character, '(' | ':' | '[' | '<')
}
