//! Step 3: the rows of step 1 go again. The sled program took all that ends with their name, and so
//! somebody's `my_variable_count` too.

use arbour::migrations::{Source, Step};

use crate::database::migrations::key::VARIABLES;

pub(super) fn step() -> Step {
    let variables = Source::tree("variables").prefix(VARIABLES);
    Step::numbered(3).revision(include_str!("delete_counts.rs")).each(variables, |trees, key, _| {
        if key.ends_with(b"\xffvariable_count") {
            trees.delete("variables", key)?;
        }
        Ok(())
    })
}
