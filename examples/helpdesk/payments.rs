//! Paying for a ticket, which another service does.

use axum::extract::State;

use crate::app::App;
use crate::error::AppError;
use crate::json::{Json, Path};
use crate::ticket::{Ticket, TicketId};

/// `POST /tickets/{id}/payment`: pays for a ticket, once.
pub(crate) async fn pay(
    State(app): State<App>,
    Path(id): Path<TicketId>,
) -> Result<Json<Ticket>, AppError> {
    let tickets = &app.tickets;
    // The transaction locks nothing while the other service works. If the ticket is changed meanwhile, this
    // runs again.
    let paid = app.store.try_retry(|mut tx| async move {
        let ticket = tickets.get(&tx, id)?.ok_or(AppError::Missing(id))?;
        if ticket.receipt.is_some() {
            return Ok(ticket);
        }
        let receipt = capture(id).await?;
        Ok(tickets.modify(&mut tx, id, |ticket| ticket.receipt = Some(receipt))?)
    });
    paid.await.map(Json)
}

/// Stands for a request to a payment service. It is safe to repeat: the service knows by the number of the
/// ticket what is paid for already.
async fn capture(id: TicketId) -> Result<String, AppError> {
    tokio::task::yield_now().await;
    Ok(format!("receipt {}", id.0))
}
