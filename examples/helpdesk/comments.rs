//! Requests about comments.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;

use crate::app::App;
use crate::comment::{Comment, NewComment};
use crate::error::AppError;
use crate::json::{Json, Path};
use crate::ticket::{Status, TicketId};

/// `POST /tickets/{id}/comments`: stores a comment and counts it in its ticket, in one commit.
pub(crate) async fn create(
    State(app): State<App>,
    Path(id): Path<TicketId>,
    Json(new): Json<NewComment>,
) -> Result<(StatusCode, Json<Comment>), AppError> {
    // The closure has an error type of its own, so it goes to `try_write`.
    let comment = app.store.try_write(move |tx| {
        let ticket = app.tickets.get(tx, id)?.ok_or(AppError::Missing(id))?;
        if ticket.status == Status::Closed {
            return Err(AppError::Closed(id));
        }
        app.tickets.modify(tx, id, |ticket| {
            ticket.comments += 1;
            ticket.changed = Timestamp::now();
        })?;
        Ok(app.comments.insert(tx, new.on(id))?)
    });
    Ok((StatusCode::CREATED, Json(comment.await?)))
}

/// `GET /tickets/{id}/comments`: lists the comments on a ticket, oldest first.
pub(crate) async fn list(
    State(app): State<App>,
    Path(id): Path<TicketId>,
) -> Result<Json<Vec<Comment>>, AppError> {
    let comments = app.store.try_read(move |snapshot| {
        if app.tickets.get(snapshot, id)?.is_none() {
            return Err(AppError::Missing(id));
        }
        Ok(app.comments.find(Comment::TICKET.eq(id)).list(snapshot)?)
    });
    Ok(Json(comments.await?))
}
