//! Keeping the documents of accounts: what happened is no question any more, so nothing is refused here
//! that the log could have.

use arbour::documents::Collection;
use arbour::events::{Event, Handled, Model, Outbox};
use arbour::{KvRead, KvWrite};
use serde_json::json;

use super::{Account, Entries, Entry, account_of};

/// Keeps the documents of accounts.
pub(crate) struct Accounts {
    entries: Entries,
    documents: Collection<Account>,
}

impl Accounts {
    /// The view, and the name under which whoever dispatches an event gets the account as it is then.
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
        let before = self.documents.get(before, name)?.map(|stored| stored.body);
        // Whoever appended it had looked: it is for those who append something else by mistake.
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
        self.documents.set(view, &account)?;
        out.returns(json!({"account": account.account, "cents": account.cents}));
        Ok(())
    }
}
