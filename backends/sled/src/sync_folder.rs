//! Making the names in a folder durable.

use std::fs::File;
use std::io;
use std::path::Path;

/// A name is durable once its folder is synced. Only Unix allows a folder to be opened for that.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}
