//! Whose variables: those of one user in one room.

/// A user in a room. Its fields are named where it is made, so that they cannot be swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Who set the variables.
    pub user: &'a str,
    /// Where they apply.
    pub room: &'a str,
}

impl<'a> Scope<'a> {
    /// Returns the group that the keys of the scope begin with.
    pub fn group(self) -> (&'a str, &'a str) {
        (self.user, self.room)
    }
}
