//! Step 2: what has no delimiters is taken away from the variables. It cannot be told where in such a key
//! the room ends and the user begins; the sled program deleted it.

use arbour::migrations::Step;

use crate::database::migrations::UNREADABLE;

pub(super) fn step() -> Step {
    Step::numbered(2).revision(include_str!("set_aside.rs")).each(
        "variables",
        |trees, key, value| {
            if !key.contains(&0xff) {
                trees.put(UNREADABLE, key, value)?;
                trees.delete("variables", key)?;
            }
            Ok(())
        },
    )
}
