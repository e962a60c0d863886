//! The folder of a store: its content, and whether LMDB can use it.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use arbour_core::engine::{StorePath, open_folder};
use arbour_core::{Error, ErrorKind, Operation, Result, StoreOptions};

use crate::error::{corrupted, unreachable};

/// The files of a store: LMDB's data, LMDB's table of readers, and the lock of the writer.
pub(crate) const DATA: &str = "data.mdb";
const READERS: &str = "lock.mdb";
pub(crate) const WRITER: &str = "writer.lock";

/// Opens the data file, creating it and its folder if the options allow.
pub(crate) fn open(path: &StorePath, options: &StoreOptions) -> Result<File> {
    let may_write = !options.is_read_only();
    let may_create = may_write && options.may_create();
    open_folder(path, "LMDB", may_create)?;
    refuse_remote(path)?;
    let data = path.join(DATA);
    if !data.exists() {
        refuse_other_files(path)?;
    }
    let opened = OpenOptions::new()
        .read(true)
        .write(may_write)
        .create(may_create)
        .truncate(false)
        .open(&data);
    let file = opened.map_err(|cause| match cause.kind() {
        io::ErrorKind::PermissionDenied if is_protected(&data) => {
            let message = "the data file is read-only: open it with `read_only(true)`";
            Error::new(ErrorKind::ReadOnly, Operation::Open, message).with_source(cause)
        }
        _ => path.open_error(cause),
    })?;
    let found = file.metadata().map_err(unreachable)?;
    refuse_hard_links(&found)?;
    if found.len() == 0 && !may_create {
        return Err(path.open_error(io::ErrorKind::NotFound.into()));
    }
    Ok(file)
}

/// A folder without data can become a store only if nothing else is in it.
fn refuse_other_files(path: &Path) -> Result<()> {
    for entry in fs::read_dir(path).map_err(unreachable)? {
        let name = entry.map_err(unreachable)?.file_name();
        if name != READERS && name != WRITER {
            let message = format!("the folder has no {DATA}, but other files, such as {name:?}");
            return Err(corrupted(Operation::Open, message));
        }
    }
    Ok(())
}

/// By another name the file would have another table of readers, and its pages would be used again
/// while they are read.
#[cfg(unix)]
fn refuse_hard_links(file: &Metadata) -> Result<()> {
    use std::os::unix::fs::MetadataExt as _;

    let names = file.nlink();
    if names <= 1 {
        return Ok(());
    }
    let message = format!(
        "the data file has {names} names (hard links), and LMDB keeps its locks beside each: remove \
         the other names, or make copies"
    );
    Err(Error::new(ErrorKind::InvalidArgument, Operation::Open, message))
}

#[cfg(not(unix))]
fn refuse_hard_links(_: &Metadata) -> Result<()> {
    Ok(())
}

fn is_protected(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.permissions().readonly())
}

/// LMDB's locks and memory maps do not work across machines.
fn refuse_remote(path: &Path) -> Result<()> {
    if !is_remote(path) {
        return Ok(());
    }
    let message = "the folder is on a network file system, where LMDB cannot work: use a local one";
    Err(Error::new(ErrorKind::Unsupported, Operation::Open, message))
}

#[cfg(target_os = "linux")]
fn is_remote(path: &Path) -> bool {
    rustix::fs::statfs(path).is_ok_and(|found| is_remote_type(found.f_type as u32))
}

#[cfg(not(target_os = "linux"))]
fn is_remote(_: &Path) -> bool {
    false
}

/// NFS, SMB, SMB 2, CIFS, AFS, Coda, Ceph; see `statfs(2)`.
#[cfg(target_os = "linux")]
fn is_remote_type(magic: u32) -> bool {
    const REMOTE: [u32; 7] =
        [0x6969, 0x517b, 0xfe53_4d42, 0xff53_4d42, 0x5346_414f, 0x7375_7245, 0x00c3_6400];
    REMOTE.contains(&magic)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::is_remote_type;

    #[test]
    fn network_file_systems_are_known() {
        for remote in [rustix::fs::NFS_SUPER_MAGIC as u32, 0x517b, 0xfe53_4d42] {
            assert!(is_remote_type(remote), "{remote:x}");
        }
        // ext4, XFS, Btrfs, tmpfs, overlay.
        for local in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630] {
            assert!(!is_remote_type(local), "{local:x}");
        }
    }
}
