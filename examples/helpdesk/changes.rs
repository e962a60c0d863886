//! The changes of tickets as server-sent events.

use std::convert::Infallible;

use arbour::documents::{Change, DocError};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::{Stream, StreamExt as _};
use serde_json::json;

use crate::app::App;
use crate::error::AppError;
use crate::notice;

/// `GET /changes`: follows the changes of tickets. A new client gets the changes from now on. A client
/// that reconnects gets those after the last event it saw.
///
/// Events are `stored` and `deleted` with the number of the ticket. `missed` tells a client that was
/// away for too long which changes it did not get, so that it loads its list again.
pub(crate) async fn follow(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>, AppError> {
    let mut changes = app.store.changes(&app.tickets).await?;
    if let Some(last) = headers.get("last-event-id") {
        let position = last.to_str().ok().and_then(|text| text.parse().ok());
        let position = position.ok_or_else(|| {
            AppError::Invalid(format!("Last-Event-ID is {last:?}: send the id of an event"))
        })?;
        changes = changes.after(position);
    }
    let mut stopping = app.stopping;
    let stopped = async move { drop(stopping.wait_for(|is_stopping| *is_stopping).await) };
    let events = changes.take_until(Box::pin(stopped)).map(|change| Ok(event_of(change)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

fn event_of(change: arbour::Result<Change>) -> Event {
    let error = match change {
        Ok(change) => {
            let kind = if change.is_removal() { "deleted" } else { "stored" };
            let data = json!({ "ticket": change.id.to_json() });
            return event(kind, &data).id(change.position.to_string());
        }
        Err(error) => error,
    };
    match error.downcast_ref() {
        Some(DocError::Trimmed { asked, oldest, .. }) => {
            event("missed", &json!({ "after": asked, "until": oldest })).id(oldest.to_string())
        }
        _ => {
            notice::print(format_args!("helpdesk: {}", error.in_one_line()));
            event("failed", &json!({ "error": "the store failed" }))
        }
    }
}

fn event(kind: &str, data: &serde_json::Value) -> Event {
    Event::default().event(kind).data(data.to_string())
}
