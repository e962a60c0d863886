//! Requests about tickets.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::comment::Comment;
use crate::error::AppError;
use crate::json::{Json, Parameters, Path};
use crate::listing::{Listing, TicketPage};
use crate::ticket::{NewTicket, Ticket, TicketChanges, TicketId};

/// `POST /tickets`: stores a new ticket.
pub(crate) async fn create(
    State(app): State<App>,
    Json(new): Json<NewTicket>,
) -> Result<Response, AppError> {
    if new.title.trim().is_empty() {
        return Err(AppError::Invalid("a ticket needs a title".to_owned()));
    }
    // The write shares a commit with those of concurrent requests.
    let ticket = app.store.write(move |tx| app.tickets.insert(tx, new.clone().into())).await?;
    let location = format!("/tickets/{}", ticket.id.0);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(ticket)).into_response())
}

/// `GET /tickets`: lists tickets.
pub(crate) async fn list(
    State(app): State<App>,
    Parameters(listing): Parameters<Listing>,
) -> Result<Json<TicketPage>, AppError> {
    let selection = listing.select(&app.tickets)?;
    let page = app.store.read(move |snapshot| selection.page(snapshot)).await?;
    Ok(Json(page.into()))
}

/// `GET /tickets/{id}`: shows a ticket.
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<TicketId>,
) -> Result<Json<Ticket>, AppError> {
    let found = app.store.read(move |snapshot| app.tickets.get(snapshot, id)).await?;
    found.map(Json).ok_or(AppError::Missing(id))
}

/// `PATCH /tickets/{id}`: changes a ticket.
pub(crate) async fn change(
    State(app): State<App>,
    Path(id): Path<TicketId>,
    Json(changes): Json<TicketChanges>,
) -> Result<Json<Ticket>, AppError> {
    let change = move |ticket: &mut Ticket| changes.apply(ticket);
    let changed = app.store.write(move |tx| app.tickets.modify(tx, id, &change)).await;
    changed.map(Json).map_err(AppError::about(id))
}

/// `DELETE /tickets/{id}`: deletes a ticket and its comments, in one commit.
pub(crate) async fn delete(
    State(app): State<App>,
    Path(id): Path<TicketId>,
) -> Result<StatusCode, AppError> {
    let deleted = app.store.write(move |tx| {
        app.comments.delete_where(tx, Comment::TICKET.eq(id))?;
        app.tickets.delete(tx, id)
    });
    if deleted.await? { Ok(StatusCode::NO_CONTENT) } else { Err(AppError::Missing(id)) }
}
