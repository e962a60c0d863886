//! Writing a file over itself.

use std::fs::OpenOptions;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// How much is read and written at once.
const CHUNK_BYTES: usize = 1 << 20;

/// Writes a file over itself and syncs it, so that the device has all that this system reads there.
///
/// When a sync fails, the system may keep in its memory what never reached the device, and report
/// success from then on. A log that is read from memory when a store is opened, and continued, would
/// have a gap after a loss of power.
///
/// # Errors
/// Those of the system. The content of the file is the same then.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// let log = folder.path().join("log");
/// std::fs::write(&log, "commits")?;
/// arbour_core::engine::write_over(&log)?;
/// assert_eq!(std::fs::read(&log)?, b"commits");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_over(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut at = 0;
    loop {
        file.seek(SeekFrom::Start(at))?;
        let read = match file.read(&mut chunk) {
            Ok(0) => return file.sync_all(),
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        file.seek(SeekFrom::Start(at))?;
        file.write_all(chunk.get(..read).unwrap_or_default())?;
        at += read as u64;
    }
}
