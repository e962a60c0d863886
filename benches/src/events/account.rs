//! The view of the events.

use arbour::documents::{Collection, Declaration};
use arbour::events::{Event, EventType, Model, Outbox, Projection};
use arbour::{AnyResult, Result};
use arbour_core::{KvRead, KvStore, KvWrite};
use serde::{Deserialize, Serialize};

use super::deposit::{Deposited, deposited};

/// The name of the model, and of its collection in the projection.
pub(super) const NAME: &str = "accounts";

/// A document of about 100 bytes of JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) id: String,
    cents: u64,
    reference: String,
    note: String,
}

/// Which document an event writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Document {
    /// A new one: the collection grows with the log.
    OfEvent,
    /// The one of its stream, replacing what the event before it wrote.
    OfStream,
}

/// Writes one document for each event.
pub(super) struct Accounts {
    deposited: EventType<Deposited>,
    accounts: Collection<Account>,
    document: Document,
}

/// Opens the collection of a projection.
pub(super) fn collection<S: KvStore>(
    store: &S,
    projection: &Projection,
) -> Result<Collection<Account>> {
    Collection::open(store, Declaration::new(&projection.view(NAME)))
}

impl Accounts {
    pub(super) fn new(accounts: Collection<Account>, document: Document) -> Self {
        Self { deposited: deposited(), accounts, document }
    }
}

impl Model for Accounts {
    type Change = Account;

    fn name(&self) -> &str {
        NAME
    }

    fn reduce<R: KvRead>(
        &self,
        event: &Event<'_>,
        _before: &R,
        _out: &mut Outbox,
    ) -> AnyResult<Option<Account>> {
        let Some(deposit) = self.deposited.read(event)? else { return Ok(None) };
        let id = match self.document {
            Document::OfEvent => format!("deposit-{:08}", event.position),
            Document::OfStream => event.stream.to_owned(),
        };
        let Deposited { cents, reference, note, .. } = deposit;
        Ok(Some(Account { id, cents, reference, note }))
    }

    fn apply<W: KvWrite>(&self, account: Account, view: &mut W, _out: &mut Outbox) -> AnyResult {
        self.accounts.put(view, account)?;
        Ok(())
    }
}
