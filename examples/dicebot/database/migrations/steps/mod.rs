//! The steps, in order.

mod add_counts;
mod change_trees;
mod delete_counts;
mod index_events;
mod rename_tree;
mod set_aside;
mod split_scopes;
mod split_sets;

use arbour::migrations::Step;

/// What the steps do, in a few words.
pub(super) const WORDS: [&str; 8] = [
    "count the variables beside them",
    "set aside what has no delimiters",
    "delete the counts again",
    "split room and user by FE",
    "put the user first, count in a tree of its own",
    "move the variables to their tree",
    "make entries of the members of sets",
    "order the processed events by time",
];

pub(super) fn all() -> [Step; 8] {
    [
        add_counts::step(),
        set_aside::step(),
        delete_counts::step(),
        split_scopes::step(),
        change_trees::step(),
        rename_tree::step(),
        split_sets::step(),
        index_events::step(),
    ]
}
