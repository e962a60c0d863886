//! A backup is made where its destination was when it began.

use std::env::{current_dir, set_current_dir};
use std::fs;

use arbour_core::engine::write_backup;

/// The only test of this file, because the current folder is that of the whole process.
#[test]
fn a_changed_current_folder_does_not_move_a_backup() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let before = current_dir().unwrap();
    set_current_dir(here.path()).unwrap();
    let written = write_backup("copy".as_ref(), |unfinished| {
        fs::write(unfinished, b"all of it").unwrap();
        set_current_dir(there.path()).unwrap();
        Ok(())
    });
    set_current_dir(before).unwrap();
    written.unwrap();
    assert_eq!(fs::read(here.path().join("copy")).unwrap(), b"all of it");
    assert_eq!(fs::read_dir(here.path()).unwrap().count(), 1);
    assert_eq!(fs::read_dir(there.path()).unwrap().count(), 0);
}
