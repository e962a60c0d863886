//! Runs a test again in a process that runs out of space.

use std::env;
use std::process::{Command, Stdio};

const URL: &str = "ARBOUR_LIMITED_URL";

/// Returns the store of the process that runs out of space, if this is one.
pub(crate) fn url() -> Option<String> {
    env::var(URL).ok()
}

/// Runs a test again in a process whose files the system limits to this many bytes, like a full
/// device. Without unsafe code only a shell can set that limit; its unit is 512 bytes.
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
