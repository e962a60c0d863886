//! Prints the packages that changed since their tests last passed.
//!
//! `changed FILE` compares the packages with those of the file, and writes what they contain now to
//! `FILE.next`: move it to the file once the tests have passed. The tests of `arbour-tidy` read the
//! whole repository, so it counts as changed each time.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use arbour_tidy::{Contents, contents};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("changed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let file =
        env::args().nth(1).ok_or_else(|| io::Error::other("name the file of what passed"))?;
    let now = contents(Path::new("."))?;
    fs::write(format!("{file}.next"), serde_json::to_string_pretty(&now)?)?;
    // Without the file, or with one that cannot be read, nothing has passed.
    let passed = fs::read_to_string(file).unwrap_or_default();
    let passed: Contents = serde_json::from_str(&passed).unwrap_or_default();
    for (name, content) in &now {
        if passed.get(name) != Some(content) || name == "arbour-tidy" {
            println!("{name}");
        }
    }
    Ok(())
}
