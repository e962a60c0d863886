//! An event of the log, decoded into a type of the program.

use arbour_core::DecodeError;
use uuid::Uuid;

use super::event::{Event, EventBuf, Metadata};

/// An event of the log, decoded into a type of the program; see
/// [`TypedEvent::read`](super::TypedEvent::read) and [`Projection::on`](super::Projection::on).
///
/// ```
/// use arbour::events::Recorded;
/// fn shown(event: &Recorded<String>) -> String {
///     format!("{}: {} of {}", event.position, event.body, event.stream())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded<E> {
    /// The event itself.
    pub body: E,
    /// Its position in the log, from 1, without gaps.
    pub position: u64,
    /// Its version in the stream, from 1, without gaps; 0 for a sub-event.
    pub version: u64,
    /// When it happened, in milliseconds since 1970 (UTC).
    pub time: i64,
    /// The rest of it, without its payload.
    event: EventBuf,
}

impl<E> Recorded<E> {
    pub(super) fn new(event: &Event<'_>, body: E) -> Self {
        let Event { position, version, time, .. } = *event;
        Self { body, position, version, time, event: Event { payload: &[], ..*event }.to_owned() }
    }

    /// Returns the stream of the event.
    ///
    /// ```
    /// # use arbour::events::Recorded;
    /// fn account(event: &Recorded<i64>) -> &str {
    ///     event.stream()
    /// }
    /// ```
    #[must_use]
    pub fn stream(&self) -> &str {
        self.event.as_event().stream
    }

    /// Returns the metadata of the event.
    ///
    /// # Errors
    /// A [`DecodeError`] if the bytes are damaged.
    ///
    /// ```
    /// # use arbour::events::Recorded;
    /// fn user(event: &Recorded<i64>) -> Option<String> {
    ///     event.metadata().ok()?.extra.remove("user")
    /// }
    /// ```
    pub fn metadata(&self) -> Result<Metadata, DecodeError> {
        self.event.as_event().metadata()
    }

    /// Returns a new id that is the same whenever the event is applied again; see
    /// [`Event::fresh_id`].
    ///
    /// ```
    /// # use arbour::events::Recorded;
    /// fn two_ids(event: &Recorded<i64>) {
    ///     assert_ne!(event.fresh_id(0), event.fresh_id(1));
    /// }
    /// ```
    #[must_use]
    pub fn fresh_id(&self, number: u32) -> Uuid {
        self.event.as_event().fresh_id(number)
    }
}
