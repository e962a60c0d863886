//! The scope of variables: one user in one room.

/// A user in a room. The fields are named where a scope is made, so that they cannot be swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope<'a> {
    /// The user who set the variables.
    pub user: &'a str,
    /// The room where they apply.
    pub room: &'a str,
}

impl<'a> Scope<'a> {
    /// Returns the group with which the keys of the scope begin.
    pub fn group(self) -> (&'a str, &'a str) {
        (self.user, self.room)
    }
}
