//! Maintains the documents of accounts. An event has already happened, so nothing that the log
//! contains is refused here.

use arbour::documents::Collection;
use arbour::events::{Event, Handled, Model, Outbox};
use arbour::{KvRead, KvWrite};
use serde_json::json;

use super::{Account, Entries, Entry, account_of};

/// Maintains the documents of accounts.
pub(crate) struct Accounts {
    entries: Entries,
    documents: Collection<Account>,
}

impl Accounts {
    /// The view, and the name under which a dispatch returns the resulting account.
    pub(crate) const VIEW: &str = "accounts";

    pub(crate) fn new(documents: Collection<Account>) -> Self {
        Self { entries: Entries::new(), documents }
    }
}

impl Model for Accounts {
    type Change = Account;

    fn name(&self) -> &str {
        Self::VIEW
    }

    fn reduce<R: KvRead>(
        &self,
        event: &Event<'_>,
        before: &R,
        _out: &mut Outbox,
    ) -> Handled<Option<Account>> {
        let Some(name) = account_of(event.stream) else { return Ok(None) };
        let Some(entry) = self.entries.read(event)? else { return Ok(None) };
        let before = self.documents.get(before, name)?;
        // The program that appended it had checked it; this catches events appended by mistake.
        let cents = match (&before, &entry) {
            (Some(before), Entry::Opened) => {
                return Err(format!("{:?} is open already", before.account).into());
            }
            (None, Entry::Opened) => 0,
            (None, _) => return Err(format!("there is no account {name:?}").into()),
            (Some(before), entry) => entry
                .balance(before.cents)
                .ok_or_else(|| format!("{name:?} has {} cents before", before.cents))?,
        };
        Ok(Some(Account {
            account: name.to_owned(),
            cents,
            events: event.version,
            changed: event.time,
        }))
    }

    fn apply<W: KvWrite>(&self, account: Account, view: &mut W, out: &mut Outbox) -> Handled<()> {
        let account = self.documents.put(view, account)?;
        out.returns(json!({"account": account.account, "cents": account.cents}));
        Ok(())
    }
}
