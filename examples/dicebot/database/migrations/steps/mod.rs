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
