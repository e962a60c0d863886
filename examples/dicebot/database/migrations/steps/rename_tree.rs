//! Step 6: the variables go to the tree that the design names. What step 5 of the sled program forgot to
//! remove stays behind: it would be variables of a user called `variables`.

use arbour::migrations::Step;

use crate::database::migrations::key::{METADATA, VARIABLES};

pub(super) fn step() -> Step {
    Step::numbered(6).revision(include_str!("rename_tree.rs")).each(
        "variables",
        |trees, key, value| {
            if !key.starts_with(VARIABLES) && !key.starts_with(METADATA) {
                trees.put("room_user_variables", key, value)?;
            }
            Ok(trees.delete("variables", key)?)
        },
    )
}
