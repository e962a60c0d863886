//! Step 7: where a value was a set, each of its members has an entry.

use arbour::migrations::Step;
use arbour::{AnyResult, KeyRange};
use bincode::config::{legacy, standard};
use bincode::serde::{decode_from_slice, encode_to_vec};
use serde::de::DeserializeOwned;

/// How many bytes a value may claim to decode to. Without a limit, one with a damaged length is not an error
/// but the end of the process, for want of memory.
const BYTES_MAX: usize = 16 << 20;

/// What a value was, in the format of bincode 1.
fn decode<T: DeserializeOwned>(value: &[u8]) -> AnyResult<T> {
    match decode_from_slice(value, legacy().with_limit::<BYTES_MAX>())? {
        (decoded, read) if read == value.len() => Ok(decoded),
        _ => Err("there is something behind the value".into()),
    }
}

pub(super) fn step() -> Step {
    Step::numbered(7).revision(include_str!("split_sets.rs")).atomic(|trees| {
        trees.each("roomid_usernames", |trees, room, users| {
            decode::<Vec<String>>(users)?.iter().try_for_each(|user| {
                trees.put("roomid_username", &[room, b"\xff", user.as_bytes()].concat(), b"")?;
                Ok(trees.put("username_roomid", &[user.as_bytes(), b"\xff", room].concat(), b"")?)
            })
        })?;
        trees.each("roomid_roominfo", |trees, room, info| {
            // A structure has no more in it than its fields, in order.
            let info = decode::<(String, String)>(info)?;
            Ok(trees.put("roomid_roominfo", room, &encode_to_vec(info, standard())?)?)
        })?;
        // The users' own sets say the same, and the events are put in order anew.
        for tree in ["roomid_usernames", "username_roomids", "roomtimestamp_eventid"] {
            trees.delete_range(tree, KeyRange::all())?;
        }
        // From here on the journal says which version it is.
        Ok(trees.delete("migrations", b"metadata:migration_version")?)
    })
}
