//! Maintains the documents of accounts. An event has already happened, so nothing that the log
//! contains is refused here.

use arbour::documents::Collection;
use arbour::events::Recorded;
use arbour::{AnyResult, DynTransaction};
use serde_json::{Value, json};

use super::{Account, Entry, account_of};

/// The view of accounts.
pub(crate) const VIEW: &str = "accounts";

/// Applies an event to its account, and returns the resulting account to the dispatching caller.
pub(crate) fn fold(
    accounts: &Collection<Account>,
    event: &Recorded<Entry>,
    view: &mut DynTransaction<'_>,
) -> AnyResult<Option<Value>> {
    let Some(name) = account_of(event.stream()) else { return Ok(None) };
    let before = accounts.get(view, name)?;
    // The program that appended it had checked it; this catches events appended by mistake.
    let cents = match (&before, &event.body) {
        (Some(before), Entry::Opened) => {
            return Err(format!("{:?} is open already", before.account).into());
        }
        (None, Entry::Opened) => 0,
        (None, _) => return Err(format!("there is no account {name:?}").into()),
        (Some(before), entry) => entry
            .balance(before.cents)
            .ok_or_else(|| format!("{name:?} has {} cents before", before.cents))?,
    };
    let account = name.to_owned();
    let account = Account { account, cents, events: event.version, changed: event.time };
    let account = accounts.put(view, account)?;
    Ok(Some(json!({"account": account.account, "cents": account.cents})))
}
