//! Accounts: what can happen to them, what is known about them, and what is allowed.

mod document;
mod entry;
mod fold;
mod order;
mod refusal;
mod teller;

pub(crate) use document::{Account, declaration};
pub(crate) use entry::{Entry, account_of, stream_of};
pub(crate) use fold::{VIEW, fold};
pub(crate) use order::Order;
pub(crate) use refusal::Refusal;
pub(crate) use teller::carry_out;
