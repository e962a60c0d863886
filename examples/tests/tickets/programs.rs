//! The small programs, on each engine.

use std::process::Command;

/// Runs a program on a new store of each engine, and checks what it prints.
fn prints(program: &str, expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut engines = arbour::schemes();
    // It needs a server.
    engines.retain(|engine| engine != "postgres");
    assert!(engines.len() >= 2, "memory and redb are always there");
    for engine in engines {
        let url = match engine.as_str() {
            "memory" => "memory:".to_owned(),
            _ => format!("{engine}:{}", folder.path().join(&engine).display()),
        };
        let output = Command::new(program).arg(&url).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{url}: {err}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{url}");
    }
}

#[test]
fn tickets() {
    let expected = "Open 10.50: printer is cold\nOpen: 1\nWaiting: 1\nall fees: 21\n";
    prints(env!("CARGO_BIN_EXE_tickets"), expected);
}

#[test]
fn bank() {
    let expected = "ada has Some(400) cents\nAda: 395 cents, letters: 1\n";
    prints(env!("CARGO_BIN_EXE_bank"), expected);
}
