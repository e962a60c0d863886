//! Step 4: room and user are split by `FE`, so that `FF` stands before the name alone.

use arbour::migrations::{Source, Step};

use crate::database::migrations::key::{Named, VARIABLES};

pub(super) fn step() -> Step {
    let variables = Source::tree("variables").prefix(VARIABLES);
    Step::numbered(4).revision(include_str!("split_scopes.rs")).each(
        variables,
        |trees, key, value| {
            let Named { room, user, name } =
                Named::parse(key.get(VARIABLES.len()..).unwrap_or_default())?;
            trees.delete("variables", key)?;
            Ok(trees.put(
                "variables",
                &[VARIABLES, room, b"\xfe", user, b"\xff", name].concat(),
                value,
            )?)
        },
    )
}
