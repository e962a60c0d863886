//! What all requests share, and the paths they go to.

use arbour::prelude::*;
use arbour::tokio::Store;
use axum::Router;
use axum::routing::{get, post};
use tokio::sync::watch;

use crate::comment::Comment;
use crate::error::AppError;
use crate::ticket::Ticket;
use crate::{changes, comments, payments, tickets};

/// How many changes are kept for clients that come back.
const CHANGES_KEPT: u64 = 10_000;

/// The store and its collections. Each request gets a clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) tickets: Collection<Ticket>,
    pub(crate) comments: Collection<Comment>,
    /// Becomes `true` when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl App {
    pub(crate) fn open(url: &str, stopping: watch::Receiver<bool>) -> arbour::Result<Self> {
        let store = arbour::open(url)?;
        let (tickets, comments) = (store.collection()?, store.collection()?);
        Ok(Self { store: Store::new(store), tickets, comments, stopping })
    }

    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/tickets", post(tickets::create).get(tickets::list))
            .route(
                "/tickets/{id}",
                get(tickets::show).patch(tickets::change).delete(tickets::delete),
            )
            .route("/tickets/{id}/comments", post(comments::create).get(comments::list))
            .route("/tickets/{id}/payment", post(payments::pay))
            .route("/changes", get(changes::follow))
            .fallback(async || AppError::NoPath)
            .with_state(self)
    }

    /// Trims the changes that are too old to be asked for.
    pub(crate) async fn trim_changes(&self) -> arbour::Result<u64> {
        let tickets = self.tickets.clone();
        self.store.write(move |tx| tickets.trim_changes(tx, CHANGES_KEPT)).await
    }
}
