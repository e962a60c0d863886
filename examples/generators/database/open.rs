//! The only way to open a database.

use std::fs;
use std::path::Path;

use arbour::{ErrorKind, Operation, StoreOptions};

use super::{Database, Error};

/// Opens the database in the store that a URL names, such as `redb:data/generators.redb`. If the
/// options allow a store to be created, its folder is created too.
///
/// # Errors
/// [`Error::Init`], of kind [`Io`](ErrorKind::Io) if the folder cannot be created or read, and
/// [`Locked`](ErrorKind::Locked) if another process or handle has the store. Created folders stay.
pub fn get(url: &str, options: &StoreOptions) -> Result<Database, Error> {
    let opened = match arbour::open_with(url, options) {
        // The folder may be missing. A URL that names no engine creates no folder.
        Err(error) if error.kind() == ErrorKind::Io && options.may_create() => {
            create_folder(url)?;
            arbour::open_with(url, options)
        }
        opened => opened,
    };
    let store = opened.map_err(|cause| init(url, "OPEN", cause))?;
    Database::over(store, url)
}

fn create_folder(url: &str) -> Result<(), Error> {
    let place = url.split_once(':').map_or(url, |(_, place)| place);
    let Some(folder) = Path::new(place).parent() else { return Ok(()) };
    fs::create_dir_all(folder).map_err(|cause| {
        let message = "cannot create the folder of the store";
        let error = arbour::Error::new(ErrorKind::Io, Operation::Open, message);
        init(url, "CREATE DIRECTORY", error.with_path(folder).with_source(cause))
    })
}

/// Makes the error of a database that could not be opened.
pub(super) fn init(url: &str, operation: &'static str, cause: arbour::Error) -> Error {
    Error::Init { path: url.to_owned(), operation, cause }
}
