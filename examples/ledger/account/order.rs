//! Orders to change accounts.

use arbour::documents::Collection;
use arbour::events::{Append, Expected};
use arbour::{KvRead, Result};

use super::entry::{Money, Moved};
use super::{Account, Entries, Entry, Refusal, stream_of};

/// An order: what will have happened to each account that is involved.
pub(crate) struct Order {
    entries: Vec<(String, Entry)>,
    key: Option<String>,
}

impl Order {
    /// Opens an account.
    pub(crate) fn open(account: &str) -> Self {
        Self { entries: vec![(account.to_owned(), Entry::Opened)], key: None }
    }

    /// Puts money into an account.
    pub(crate) fn deposit(account: &str, cents: u64) -> Self {
        let entry = Entry::Deposited(Money { cents });
        Self { entries: vec![(account.to_owned(), entry)], key: None }
    }

    /// Takes money out of an account.
    pub(crate) fn withdraw(account: &str, cents: u64) -> Self {
        let entry = Entry::Withdrawn(Money { cents });
        Self { entries: vec![(account.to_owned(), entry)], key: None }
    }

    /// Moves money from an account to another.
    pub(crate) fn transfer(from: &str, to: &str, cents: u64) -> Result<Self, Refusal> {
        if from == to {
            return Err(Refusal::Same(from.to_owned()));
        }
        let sent = Entry::Sent(Moved { cents, other: to.to_owned() });
        let received = Entry::Received(Moved { cents, other: from.to_owned() });
        let entries = vec![(from.to_owned(), sent), (to.to_owned(), received)];
        Ok(Self { entries, key: None })
    }

    /// Sets a key by which the order is recognized. Keys of commits have another form.
    pub(crate) fn once(mut self, key: Option<&str>) -> Self {
        self.key = key.map(str::to_owned);
        self
    }

    /// Returns the key.
    pub(super) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Returns the events, to be appended all or none, and the key.
    pub(super) fn append(&self) -> Result<Append> {
        let types = Entries::new();
        let mut append = Append::new();
        for (account, entry) in &self.entries {
            append = append.event(types.event(account, entry)?);
        }
        append.key = self.key().map(|key| format!("order/{key}"));
        Ok(append)
    }

    /// Decides whether the order is allowed with the current accounts, and sets the expected
    /// versions of their streams: if another event comes in between, it has to be decided again.
    pub(super) fn decide(
        &self,
        reader: &impl KvRead,
        accounts: &Collection<Account>,
    ) -> Result<Result<Vec<(String, Expected)>, Refusal>> {
        let mut expected = Vec::new();
        for (name, entry) in &self.entries {
            let version = match (accounts.get(reader, name)?, entry) {
                (None, Entry::Opened) => 0,
                (Some(_), Entry::Opened) => return Ok(Err(Refusal::Exists(name.clone()))),
                (None, _) => return Ok(Err(Refusal::Unknown(name.clone()))),
                (Some(account), entry) if entry.balance(account.cents).is_none() => {
                    return Ok(Err(refusal(account, entry)));
                }
                (Some(account), _) => account.events,
            };
            expected.push((stream_of(name), Expected::Exact(version)));
        }
        Ok(Ok(expected))
    }
}

fn refusal(account: Account, entry: &Entry) -> Refusal {
    let asked = entry.cents().unwrap_or_default();
    let Account { account, cents, .. } = account;
    if asked > cents && matches!(entry, Entry::Withdrawn(_) | Entry::Sent(_)) {
        return Refusal::Overdraft { account, cents, asked };
    }
    Refusal::Overflow(account)
}
