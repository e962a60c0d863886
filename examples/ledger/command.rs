//! Running the commands of the program.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use arbour::events::{Dispatched, Outcome};

use crate::account::{Order, carry_out};
use crate::arguments::{Arguments, Command};
use crate::failure::Failure;
use crate::follow::follow;
use crate::import::import;
use crate::ledger::{ACCOUNTS, Ledger};
use crate::progress::Progress;
use crate::rebuild::rebuild;
use crate::status::status;
use crate::table::{Cell, Table};
use crate::{listing, mending, notice};

/// Runs a command and returns the exit code.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if let Command::Import { strict, file } = &arguments.command {
        return import_file(arguments, file, *strict);
    }
    let order = order(&arguments.command)?;
    let mut out = BufWriter::new(io::stdout().lock());
    // Only opening an account and an import make a store; the others would hide a mistyped path.
    let ledger = Ledger::open(arguments, matches!(arguments.command, Command::Open { .. }))?;
    let code = match order {
        Some(order) => report(&carry_out(&ledger, &order)?, &mut out)?,
        None => answer(&ledger, &arguments.command, &mut out)?,
    };
    out.flush()?;
    ledger.close()?;
    Ok(code)
}

/// Returns the order of a command, if it is one.
fn order(command: &Command) -> Result<Option<Order>, Failure> {
    let (order, once) = match command {
        Command::Open { account } => return Ok(Some(Order::open(account))),
        Command::Deposit(to) => (Order::deposit(&to.account, to.cents), &to.once),
        Command::Withdraw(from) => (Order::withdraw(&from.account, from.cents), &from.once),
        Command::Transfer { from, to, cents, once } => (Order::transfer(from, to, *cents)?, once),
        _ => return Ok(None),
    };
    Ok(Some(order.once(once.key.as_deref())))
}

/// Prints the accounts of an order, as they were after it.
fn report(dispatched: &Dispatched, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let mut table = Table::new(&["account", "cents"]);
    let positions = dispatched.appended.first..;
    for (position, outcome) in positions.zip(dispatched.outcomes(ACCOUNTS)) {
        let Outcome::Applied { result, .. } = outcome else {
            let reason = outcome.reason().unwrap_or_default().to_owned();
            return Err(Failure::NotApplied { position, reason });
        };
        let account = result.get(ACCOUNTS);
        let name = account.and_then(|account| account.get("account")?.as_str());
        let cents = account.and_then(|account| account.get("cents")?.as_u64());
        table.row(vec![Cell::text(name.unwrap_or_default()), Cell::number(cents)]);
    }
    table.print(out)?;
    if dispatched.appended.is_repeated {
        let position = dispatched.appended.first;
        notice::print(format_args!("done before, at position {position}: nothing more was done"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Answers a question about an existing ledger.
fn answer(ledger: &Ledger, command: &Command, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let table = match command {
        Command::Open { .. }
        | Command::Deposit(_)
        | Command::Withdraw(_)
        | Command::Transfer { .. }
        | Command::Import { .. } => return Ok(ExitCode::SUCCESS),
        Command::Accounts => listing::accounts(ledger)?,
        Command::History { account } => listing::history(ledger, account)?,
        Command::Authors(selection) => listing::authors(ledger, selection)?,
        Command::Files { prefix, selection } => {
            listing::files(ledger, prefix.as_deref(), selection)?
        }
        Command::Days { from, to, selection } => {
            listing::days(ledger, (from.as_deref(), to.as_deref()), selection)?
        }
        Command::Follow(arguments) => {
            follow(ledger, arguments, out)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Rebuild { projection, keep } => {
            rebuild(ledger, *projection, *keep, out)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Failed { projection } => {
            mending::failed(ledger, *projection, out)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Replay { projection, position } => {
            mending::replay(ledger, *projection, *position, out)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Release { projection, stream } => {
            // Applied events are reported even if another one fails.
            let released = mending::release(ledger, *projection, stream, out);
            out.flush()?;
            return released.map(|()| ExitCode::SUCCESS);
        }
        Command::Status => return status(ledger, out),
    };
    table.print(out)?;
    Ok(ExitCode::SUCCESS)
}

fn import_file(arguments: &Arguments, file: &Path, strict: bool) -> Result<ExitCode, Failure> {
    if file == Path::new("-") {
        return import_from(arguments, io::stdin().lock(), None, strict);
    }
    let unreadable = |cause| Failure::Input { path: file.to_owned(), cause };
    // Before the store is opened, so that none is made for a missing file.
    let input = File::open(file).map_err(unreadable)?;
    let metadata = input.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    let length = metadata.is_file().then_some(metadata.len());
    import_from(arguments, BufReader::new(input), length, strict)
}

fn import_from(
    arguments: &Arguments,
    input: impl BufRead,
    length: Option<u64>,
    strict: bool,
) -> Result<ExitCode, Failure> {
    let ledger = Ledger::open(arguments, true)?;
    let summary = import(&ledger, input, &Progress::of_bytes(length))?;
    ledger.close()?;
    writeln!(io::stdout(), "{summary}")?;
    Ok(if strict && !summary.is_clean() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
