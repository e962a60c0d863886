//! Requests about comments.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;

use crate::app::App;
use crate::comment::{Comment, NewComment};
use crate::error::AppError;
use crate::json::{Json, Path};
use crate::shim;
use crate::ticket::{Status, TicketId};

/// `POST /tickets/{id}/comments`: stores a comment and counts it in its ticket, in one commit.
pub(crate) async fn create(
    State(app): State<App>,
    Path(id): Path<TicketId>,
    Json(new): Json<NewComment>,
) -> Result<(StatusCode, Json<Comment>), AppError> {
    // The closure has an error type of its own, so it goes to `try_write`.
    let comment = app.store.try_write(move |tx| {
        let ticket = shim::get(&app.tickets, tx, id)?.ok_or(AppError::Missing(id))?;
        if ticket.status == Status::Closed {
            return Err(AppError::Closed(id));
        }
        shim::modify(&app.tickets, tx, id, |ticket| {
            ticket.comments += 1;
            ticket.changed = Timestamp::now();
        })?;
        Ok(shim::insert(&app.comments, tx, new.on(id))?)
    });
    Ok((StatusCode::CREATED, Json(comment.await?)))
}

/// `GET /tickets/{id}/comments`: lists the comments on a ticket, oldest first.
pub(crate) async fn list(
    State(app): State<App>,
    Path(id): Path<TicketId>,
) -> Result<Json<Vec<Comment>>, AppError> {
    let comments = app.store.try_read(move |snapshot| {
        if shim::get(&app.tickets, snapshot, id)?.is_none() {
            return Err(AppError::Missing(id));
        }
        Ok(shim::list(&app.comments, snapshot, Comment::TICKET.eq(id))?)
    });
    Ok(Json(comments.await?))
}
