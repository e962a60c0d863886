//! The help desk's most used requests on rusqlite, written by hand, to be measured beside `helpdesk`.
//!
//! ```text
//! helpdesk_by_hand DESK.db
//! ```
//!
//! It takes `POST /tickets` and `GET /tickets/{id}`, stores and indexes the same data as `helpdesk`, and is
//! as durable: WAL, `synchronous = FULL`, one transaction for each request. One connection writes, for
//! which requests wait without a thread; a pool of connections reads.

mod database;

use std::process::ExitCode;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use tokio::net::TcpListener;

use database::{Database, NewTicket, Ticket};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Every failure is the server's: the requests that are measured make no mistakes.
struct Failed(Failure);

impl axum::response::IntoResponse for Failed {
    fn into_response(self) -> axum::response::Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}

impl<E: Into<Failure>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

async fn create(
    State(database): State<Arc<Database>>,
    Json(new): Json<NewTicket>,
) -> Result<(StatusCode, Json<Ticket>), Failed> {
    Ok((StatusCode::CREATED, Json(database.insert(new).await?)))
}

async fn show(
    State(database): State<Arc<Database>>,
    Path(id): Path<i64>,
) -> Result<Result<Json<Ticket>, StatusCode>, Failed> {
    Ok(database.get(id).await?.map(Json).ok_or(StatusCode::NOT_FOUND))
}

async fn run() -> Result<(), Failure> {
    let path = std::env::args_os().nth(1).ok_or("usage: helpdesk_by_hand FILE")?;
    let database = Arc::new(Database::open(path.as_ref())?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let router = Router::new()
        .route("/tickets", post(create))
        .route("/tickets/{id}", get(show))
        .with_state(database);
    Ok(axum::serve(listener, router).await?)
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("helpdesk_by_hand: {failure}");
            ExitCode::FAILURE
        }
    }
}
