//! What is known about rooms: their names, their members, and their processed events.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arbour::codec::{Bincode, Raw, ZeroCopy};
use arbour::{Direction, KvStore, OpenTree, TypedTree};
use serde::{Deserialize, Serialize};
use zerocopy::big_endian::U64;

use super::Error;

/// By room.
const INFO: TypedTree<String, RoomInfo, Bincode> = TypedTree::new("roomid_roominfo");

/// The members of a room: `room FF user`. The original keeps the users of a room in one value, so
/// that two transactions that add users conflict.
const MEMBERS: TypedTree<(String, String), (), Raw> = TypedTree::new("roomid_username");

/// The rooms of a user: `user FF room`, the other direction.
const JOINED: TypedTree<(String, String), (), Raw> = TypedTree::new("username_roomid");

/// When an event was processed, in seconds since 1970: `room FF event`.
const EVENTS: TypedTree<(String, String), U64, ZeroCopy> = TypedTree::new("roomeventid_timestamp");

/// The events processed at a time: `room FF seconds FE event`. The original appends the eight bytes
/// of the time, which may contain FF and FE, so that its keys can be split at the first FF only;
/// here no part of a key has either byte. The original also fills this tree in a separate task, and
/// may miss events.
const TIMES: TypedTree<TimeKey, (), Raw> = TypedTree::new("roomtimestamp_event");
type TimeKey = (String, (u64, String));

/// A room paired with something in it, and an empty value.
type Links = OpenTree<(String, String), (), Raw>;

/// A description of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomInfo {
    /// Its address.
    pub room_id: String,
    /// Its name.
    pub room_name: String,
}

/// What is known about rooms.
pub struct Rooms<S: KvStore> {
    store: Arc<S>,
    info: OpenTree<String, RoomInfo, Bincode>,
    members: Links,
    joined: Links,
    events: OpenTree<(String, String), U64, ZeroCopy>,
    times: OpenTree<TimeKey, (), Raw>,
}

impl<S: KvStore> Rooms<S> {
    pub(super) fn new(store: Arc<S>) -> Result<Self, Error> {
        Ok(Self {
            info: INFO.open(&*store)?,
            members: MEMBERS.open(&*store)?,
            joined: JOINED.open(&*store)?,
            events: EVENTS.open(&*store)?,
            times: TIMES.open(&*store)?,
            store,
        })
    }

    /// Stores the description of a room, replacing an earlier one.
    ///
    /// # Errors
    /// What the store reports; nothing is changed then.
    pub fn set_info(&self, info: &RoomInfo) -> Result<(), Error> {
        self.store.try_write(|transaction| Ok(self.info.put(transaction, &*info.room_id, info)?))
    }

    /// Returns the description of a room, if there is one.
    ///
    /// # Errors
    /// What the store reports.
    pub fn info(&self, room: &str) -> Result<Option<RoomInfo>, Error> {
        Ok(self.info.get(&self.store.snapshot()?, room)?)
    }

    /// Records that a user is in a room. Does nothing if that is known.
    ///
    /// # Errors
    /// What the store reports; nothing is noted then.
    pub fn add_user(&self, room: &str, user: &str) -> Result<(), Error> {
        self.store.try_write(|transaction| {
            self.members.put(transaction, (room, user), &())?;
            Ok(self.joined.put(transaction, (user, room), &())?)
        })
    }

    /// Records that a user has left a room. Does nothing if that is known.
    ///
    /// # Errors
    /// What the store reports; nothing is changed then.
    pub fn remove_user(&self, room: &str, user: &str) -> Result<(), Error> {
        self.store.try_write(|transaction| {
            self.members.delete(transaction, (room, user))?;
            Ok(self.joined.delete(transaction, (user, room))?)
        })
    }

    /// Lists the users in a room, in order.
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

    /// Forgets the description and the members of a room, in both directions. Its processed events
    /// are kept: otherwise the bot would answer the whole history again when it comes back.
    ///
    /// # Errors
    /// What the store reports; nothing is forgotten then.
    pub fn clear(&self, room: &str) -> Result<(), Error> {
        self.store.try_write(|transaction| {
            let members = self.members.prefix(transaction, room, Direction::Forward)?;
            let users = members
                .into_iter()
                .map(|entry| entry.map(|((_, user), ())| user))
                .collect::<arbour::Result<Vec<_>>>()?;
            for user in users {
                self.joined.delete(transaction, (&user, room))?;
            }
            self.members.delete_prefix(transaction, room)?;
            Ok(self.info.delete(transaction, room)?)
        })
    }

    /// Tells whether an event still has to be processed: true for the first caller, however many
    /// there are at once, and never again.
    ///
    /// # Errors
    /// What the store reports; the event is then still to be processed, unless it reports
    /// [`CommitUnknown`](arbour::ErrorKind::CommitUnknown).
    pub fn should_process(&self, room: &str, event: &str) -> Result<bool, Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        self.should_process_at(room, event, now.map_or(0, |since| since.as_secs()))
    }

    /// Does the same at a given time, in seconds since 1970.
    ///
    /// # Errors
    /// As [`should_process`](Self::should_process).
    pub fn should_process_at(&self, room: &str, event: &str, seconds: u64) -> Result<bool, Error> {
        self.store.try_write(|transaction| {
            if self.events.contains(transaction, (room, event))? {
                return Ok(false);
            }
            self.events.put(transaction, (room, event), &U64::new(seconds))?;
            self.times.put(transaction, (room, (seconds, event)), &())?;
            Ok(true)
        })
    }

    /// Lists the processed events of a room, the oldest first, each with its time in seconds.
    ///
    /// # Errors
    /// What the store reports.
    pub fn processed(&self, room: &str) -> Result<Vec<(u64, String)>, Error> {
        let snapshot = self.store.snapshot()?;
        let entries = self.times.prefix(&snapshot, room, Direction::Forward)?;
        entries.into_iter().map(|entry| Ok(entry?.0.1)).collect()
    }

    /// Forgets the processed events of a room: each has to be processed once more.
    ///
    /// # Errors
    /// What the store reports; nothing is forgotten then.
    pub fn forget_events(&self, room: &str) -> Result<(), Error> {
        self.store.try_write(|transaction| {
            self.events.delete_prefix(transaction, room)?;
            Ok(self.times.delete_prefix(transaction, room)?)
        })
    }

    /// Forgets the events of a room that were processed before a time, in seconds since 1970, and
    /// returns their number. Use it for events that are too old to be sent again.
    ///
    /// # Errors
    /// What the store reports; nothing is forgotten then.
    pub fn forget_events_before(&self, room: &str, seconds: u64) -> Result<usize, Error> {
        self.store.try_write(|transaction| {
            let old = self
                .times
                .prefix(transaction, room, Direction::Forward)?
                .map(|entry| entry.map(|((_, event), ())| event))
                .take_while(|event| event.as_ref().map_or(true, |(at, _)| *at < seconds))
                .collect::<arbour::Result<Vec<_>>>()?;
            for (at, event) in &old {
                self.events.delete(transaction, (room, event))?;
                self.times.delete(transaction, (room, (*at, event)))?;
            }
            Ok(old.len())
        })
    }

    fn linked(&self, links: &Links, of: &str) -> Result<Vec<String>, Error> {
        let snapshot = self.store.snapshot()?;
        let entries = links.prefix(&snapshot, of, Direction::Forward)?;
        entries.into_iter().map(|entry| Ok(entry?.0.1)).collect()
    }
}

impl<S: KvStore> fmt::Debug for Rooms<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rooms").finish_non_exhaustive()
    }
}
