//! Running the commands of the program.

use std::io::{BufWriter, Write as _, stdout};
use std::sync::Arc;

use arbour::{KvStore as _, StoreOptions};

use crate::arguments::{Arguments, Command};
use crate::crud::crud;
use crate::event_sourcing::{event_sourcing, history, open};
use crate::failure::Failure;

/// Runs a command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    // A command that stores nothing makes no store, which would hide a mistyped path.
    let options = StoreOptions::new().create(arguments.command != Command::History);
    let open_store = |url: &str| arbour::open_with(url, &options).map(Arc::new);
    let store = open_store(&arguments.store)?;
    let queue = arguments.queue.as_deref().map(open_store).transpose()?;
    let mut out = BufWriter::new(stdout().lock());
    match arguments.command {
        Command::Crud => crud(&store, &mut out)?,
        Command::Events => event_sourcing(&store, queue.as_ref(), &mut out)?,
        Command::History => history(&open(&store, queue.as_ref())?.0, &mut out)?,
    }
    out.flush()?;
    queue.as_ref().map_or(Ok(()), |queue| queue.close())?;
    Ok(store.close()?)
}
