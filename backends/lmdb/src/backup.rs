//! Backups of a store in use.

use std::fs;
use std::path::Path;

use arbour_core::engine::{sync_folder, write_backup};
use arbour_core::{Error, Operation, Result};
use heed::CompactionOption;

use crate::environment::Environment;
use crate::{error, folder};

/// Copies one snapshot to a new folder, without the free pages.
pub(crate) fn backup(environment: &Environment, destination: &Path) -> Result<()> {
    let failed = |cause| {
        let message = "cannot write the backup";
        Error::from_io(cause, Operation::Backup, message).with_path(destination)
    };
    write_backup(destination, |unfinished| {
        fs::create_dir(unfinished).map_err(failed)?;
        let data = unfinished.join(folder::DATA);
        let copied = environment.env.copy_to_path(&data, CompactionOption::Enabled);
        let copied = copied
            .map_err(|cause| error::engine(cause, Operation::Backup).with_path(destination))?;
        copied.sync_all().and_then(|()| sync_folder(unfinished)).map_err(failed)
    })
}
