//! What is known of rooms: who is in them, and which of their events were processed.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use arbour::codec::{Raw, ZeroCopy};
use arbour::{Direction, KvStore, OpenTree, TypedTree};
use zerocopy::IntoBytes as _;
use zerocopy::big_endian::U64;

use super::Error;

/// When an event was processed, in seconds since 1970: `room FF event`.
const EVENTS: TypedTree<(String, String), U64, ZeroCopy> = TypedTree::new("roomeventid_timestamp");

/// Who is in a room: `room FF user`. The seed keeps the users of a room in one value, which two
/// transactions cannot add to without being in each other's way.
const MEMBERS: TypedTree<(String, String), (), Raw> = TypedTree::new("roomid_username");

/// Where a user is: `user FF room`, the other direction.
const JOINED: TypedTree<(String, String), (), Raw> = TypedTree::new("username_roomid");

/// A pair of a room with something of it, and nothing else.
type Links<S> = OpenTree<<S as KvStore>::Tree, (String, String), (), Raw>;

/// What is known of rooms.
pub struct Rooms<S: KvStore> {
    store: Arc<S>,
    events: OpenTree<S::Tree, (String, String), U64, ZeroCopy>,
    members: Links<S>,
    joined: Links<S>,
}

impl<S: KvStore> Rooms<S> {
    pub(super) fn new(store: Arc<S>) -> Result<Self, Error> {
        Ok(Self {
            events: EVENTS.open(&*store)?,
            members: MEMBERS.open(&*store)?,
            joined: JOINED.open(&*store)?,
            store,
        })
    }

    /// Tells whether an event is still to be processed: true for the first one to ask, of however
    /// many at once, and never again.
    ///
    /// # Errors
    /// What the store reports; the event is then still to be processed, unless it reports
    /// [`CommitUnknown`](arbour::ErrorKind::CommitUnknown).
    pub fn should_process(&self, room: &str, event: &str) -> Result<bool, Error> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = U64::new(now.map_or(0, |since| since.as_secs()));
        let key = self.events.key_bytes((room, event));
        let swapped =
            self.store.compare_and_swap(self.events.raw(), &key, None, Some(now.as_bytes()))?;
        Ok(swapped.swapped())
    }

    /// Forgets which events of a room were processed: each is to be processed once more.
    ///
    /// # Errors
    /// What the store reports; nothing is forgotten then.
    pub fn forget_events(&self, room: &str) -> Result<(), Error> {
        self.store.write(|transaction| Ok(self.events.delete_prefix(transaction, room)?))
    }

    /// Notes that a user is in a room. Does nothing if that is known.
    ///
    /// # Errors
    /// What the store reports; nothing is noted then.
    pub fn add_user(&self, room: &str, user: &str) -> Result<(), Error> {
        self.store.write(|transaction| {
            self.members.put(transaction, (room, user), &())?;
            Ok(self.joined.put(transaction, (user, room), &())?)
        })
    }

    /// Lists who is in a room, in order.
    ///
    /// # Errors
    /// What the store reports.
    pub fn users(&self, room: &str) -> Result<Vec<String>, Error> {
        self.linked(&self.members, room)
    }

    /// Lists the rooms that a user is in, in order.
    ///
    /// # Errors
    /// What the store reports.
    pub fn rooms_of(&self, user: &str) -> Result<Vec<String>, Error> {
        self.linked(&self.joined, user)
    }

    /// Forgets who is in a room, in both directions. What was processed there stays so: else the
    /// bot would answer the whole history again when it comes back.
    ///
    /// # Errors
    /// What the store reports; nothing is forgotten then.
    pub fn clear(&self, room: &str) -> Result<(), Error> {
        self.store.write(|transaction| {
            let members = self.members.prefix(transaction, room, Direction::Forward)?;
            let users = members
                .into_iter()
                .map(|entry| entry.map(|((_, user), ())| user))
                .collect::<arbour::Result<Vec<_>>>()?;
            for user in users {
                self.joined.delete(transaction, (&user, room))?;
            }
            Ok(self.members.delete_prefix(transaction, room)?)
        })
    }

    fn linked(&self, links: &Links<S>, of: &str) -> Result<Vec<String>, Error> {
        let snapshot = self.store.snapshot()?;
        let entries = links.prefix(&snapshot, of, Direction::Forward)?;
        let linked = entries.into_iter().map(|entry| Ok(entry?.0.1));
        linked.collect()
    }
}

impl<S: KvStore> fmt::Debug for Rooms<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rooms").finish_non_exhaustive()
    }
}
