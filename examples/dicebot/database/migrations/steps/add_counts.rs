//! Step 1: a row beside the variables of a user in a room says how many they are.

use std::collections::BTreeMap;

use arbour::migrations::{Source, Step};

use crate::database::migrations::UNREADABLE;
use crate::database::migrations::key::{Named, VARIABLES};

const COUNT: &[u8] = b"variable_count";

pub(super) fn step() -> Step {
    Step::numbered(1).revision(include_str!("add_counts.rs")).atomic(|trees| {
        let mut counts = BTreeMap::<Vec<u8>, u32>::new();
        trees.each(Source::tree("variables").prefix(VARIABLES), |trees, key, value| {
            let Named { room, user, name } =
                Named::parse(key.get(VARIABLES.len()..).unwrap_or_default())?;
            if name == COUNT {
                // A variable of somebody's, which has to make room for the row.
                trees.put(UNREADABLE, key, value)?;
            }
            *counts
                .entry([VARIABLES, room, b"\xff", user, b"\xff", COUNT].concat())
                .or_default() += 1;
            // What version 0 kept of the kind, under a key that is run together.
            Ok(trees.delete("variables", &[room, user, COUNT].concat())?)
        })?;
        counts
            .iter()
            .try_for_each(|(key, count)| Ok(trees.put("variables", key, &count.to_le_bytes())?))
    })
}
