//! Keys: parts joined to groups, groups joined to keys, with the same bytes everywhere.
//!
//! A tree holds one kind of data under one kind of key. A key is a tuple of groups, and a group a
//! tuple of parts: `0xFE` joins the parts that belong together, `0xFF` separates the groups.
//!
//! ```text
//! (("@a:x", "!r:x"), "str")     @ a : x FE ! r : x FF s t r
//!   part    part     part       \_____ group _____/  \group/
//! ```
//!
//! No part ever contains either byte: UTF-8 has neither, and the other parts are encoded so as to
//! avoid them. Hence keys are unambiguous, `("ab", "c")` is not `("a", "bc")`, and every scan of
//! related keys is the scan of a prefix that ends at a delimiter. The delimiters are those of
//! dicebot, a chat bot with a key-value store; the order-preserving parts follow the tuple layer of
//! FoundationDB, with its zero bytes replaced by a range that leaves the delimiters free.
//!
//! | part | bytes | prefix-free |
//! |---|---|---|
//! | `&str`, [`String`] | UTF-8 as it is | no |
//! | `&[u8]`, [`Vec<u8>`] | as they are, but `FD`, `FE`, `FF` as `FD 01`, `FD 02`, `FD 03` | no |
//! | `[u8; N]` | the same | yes |
//! | `u8` to `u64` | widened to 64 bits: ten groups of 7 bits, highest first | yes |
//! | `i8` to `i64` | the same, with the sign bit flipped | yes |
//! | `f64` | the same, in IEEE total order: -NaN, -inf, -0.0, 0.0, inf, NaN | yes |
//! | `bool` | `00` or `01` | yes |
//! | [`Ordered`] | `00` and `01` as `01 01` and `01 02`, then `00` | yes |
//! | [`Descending`] | each byte `b` as `FD - b` | yes |
//!
//! # Order
//! Keys are ordered by their bytes, and each part keeps the order of its values. If one string is a
//! prefix of another, the delimiter after it decides, and that is a high byte: `("a", 1)` sorts
//! *after* `("ab", 1)`. This does not matter for identifiers, which are looked up exactly. If
//! strings must sort as strings, as in an index, wrap them in [`Ordered`].
//!
//! # Borrowed keys
//! A tree with keys of type `((String, String), String)` is queried with `(("ada", "room"),
//! "name")`: every [`Key`] names the [`Owned`](Key::Owned) key it decodes to, and both have the
//! same bytes. An integer literal in a key needs its type, `7u64`, because it is inferred from the
//! part and not from the tree.
//!
//! ```
//! use arbour::key::Key;
//! let key = (("@a:x", "!r:x"), "str").to_key_bytes();
//! assert_eq!(key, b"@a:x\xfe!r:x\xffstr");
//! let owned = <((String, String), String)>::decode_key(&key)?;
//! assert_eq!(owned.0.0, "@a:x");
//! assert_eq!(owned.to_key_bytes(), key);
//! # Ok::<(), arbour::DecodeError>(())
//! ```

mod boolean;
mod bytes;
mod delimiter;
mod descending;
mod float;
mod group;
mod integer;
mod ordered;
mod part;
mod prefix;
mod starts_with;
mod text;
mod tuple;

pub use arbour_core::engine::{prefix_end, successor};
pub use delimiter::{GROUP_DELIMITER, PART_DELIMITER};
pub use descending::Descending;
pub use ordered::Ordered;
pub use part::{KeyPart, PrefixFree};
pub use prefix::{KeyPrefix, Parts, Within};
pub use starts_with::StartsWith;
pub use tuple::Key;

#[cfg(test)]
mod tests;
