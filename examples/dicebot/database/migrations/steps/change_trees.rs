//! Step 5: the user comes first, and how many variables there are has a tree of its own.
//!
//! One version of the sled program left the delimiter behind `variables` out when it did step 4, and the
//! rows of before beside its own; its step 5 failed by them. Either kind is taken here.

use std::collections::BTreeMap;

use arbour::migrations::{Source, Step};
use arbour::{KeyRange, key::GROUP_DELIMITER};

use crate::database::migrations::key::{METADATA, Named, VARIABLES};

pub(super) fn step() -> Step {
    Step::numbered(5).revision(include_str!("change_trees.rs")).atomic(|trees| {
        let word = VARIABLES.strip_suffix(&[GROUP_DELIMITER]).unwrap_or(VARIABLES);
        let mut counts = BTreeMap::<Vec<u8>, i32>::new();
        trees.each(Source::tree("variables").prefix(word), |trees, key, value| {
            let rest = key.get(word.len()..).unwrap_or_default();
            let rest = rest.strip_prefix(&[GROUP_DELIMITER]).unwrap_or(rest);
            let Named { room, user, name } = Named::parse(rest)?;
            let scope = [user, b"\xfe", room].concat();
            let new = [&scope, &b"\xff"[..], name].concat();
            if trees.get("variables", &new)?.is_none() {
                trees.put("variables", &new, value)?;
                *counts.entry(scope).or_default() += 1;
            }
            Ok(trees.delete("variables", key)?)
        })?;
        trees.delete_range("variables", KeyRange::prefix(METADATA))?;
        counts.iter().try_for_each(|(scope, count)| {
            Ok(trees.put("room_user_variable_count", scope, &count.to_le_bytes())?)
        })
    })
}
