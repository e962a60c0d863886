//! Running a test once more in a process that finds no more room.

use std::env;
use std::process::{Command, Stdio};

const URL: &str = "ARBOUR_LIMITED_URL";

/// Returns the store of the process that finds no more room, if this is one.
pub(crate) fn url() -> Option<String> {
    env::var(URL).ok()
}

/// Runs a test again in a process that the system lets write no file of more than so many bytes: like a full
/// device, but without one. Only a shell can be asked for that without unsafe code; its unit is 512 bytes.
pub(crate) fn run(test: &str, url: &str, bytes: u64) {
    let limit = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", bytes / 512);
    let output = Command::new("sh")
        .args(["-c", &limit])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", test])
        .env(URL, url)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{url}: {said}{err}");
    assert!(said.contains("1 passed"), "{url}: {said}{err}");
}
