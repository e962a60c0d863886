//! Errors, and the responses they become.

use arbour::ErrorKind;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::notice;
use crate::ticket::TicketId;

/// Why a request was refused or failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppError {
    #[error("there is no ticket {}", .0.0)]
    Missing(TicketId),
    #[error("ticket {} is closed: open it again to comment on it", .0.0)]
    Closed(TicketId),
    #[error("there is nothing at this path: see /tickets and /changes")]
    NoPath,
    #[error("{0}")]
    Invalid(String),
    /// The request is not in the form that its path takes.
    #[error("{text}")]
    Rejected { status: StatusCode, text: String },
    #[error(transparent)]
    Store(#[from] arbour::Error),
}

impl AppError {
    /// Says an error of the store in terms of the ticket that was asked for.
    pub(crate) fn about(id: TicketId) -> impl Fn(arbour::Error) -> Self {
        move |error| match error.kind() {
            ErrorKind::Missing => Self::Missing(id),
            _ => error.into(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Missing(_) | Self::NoPath => StatusCode::NOT_FOUND,
            Self::Closed(_) => StatusCode::CONFLICT,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Rejected { status, .. } => *status,
            Self::Store(error) => match error.kind() {
                ErrorKind::InvalidArgument => StatusCode::BAD_REQUEST,
                ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                ErrorKind::Exists | ErrorKind::Stale | ErrorKind::Conflict => StatusCode::CONFLICT,
                ErrorKind::Busy | ErrorKind::Closed => StatusCode::SERVICE_UNAVAILABLE,
                ErrorKind::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let status = self.status();
        let text = match &self {
            // What is wrong with the store is for the operator. It may name paths and keys.
            Self::Store(error) if status.is_server_error() => {
                notice::print(format_args!("helpdesk: {}", error.in_one_line()));
                match status {
                    StatusCode::SERVICE_UNAVAILABLE => "busy: try again".to_owned(),
                    _ => "the store failed".to_owned(),
                }
            }
            error => error.to_string(),
        };
        (status, axum::Json(json!({ "error": text }))).into_response()
    }
}

macro_rules! rejected {
    ($($rejection:ty),*) => {$(
        impl From<$rejection> for AppError {
            fn from(rejection: $rejection) -> Self {
                Self::Rejected { status: rejection.status(), text: rejection.body_text() }
            }
        }
    )*};
}

rejected! { JsonRejection, PathRejection, QueryRejection }
