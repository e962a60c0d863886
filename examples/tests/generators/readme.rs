//! The README of the example: it shows what really happens.

use std::fs;
use std::path::Path;
use std::process::Command;

use arbour::migrations::Run;
use serde_json::json;

use crate::database::{self, Decision, Error, Op, Upgrade, key};
use crate::program::GENERATORS;

const README: &str = include_str!("../../generators/README.md");

/// Returns the first block of a language.
fn block(language: &str) -> &'static str {
    let (_, rest) = README.split_once(&format!("```{language}\n")).unwrap();
    rest.split("```").next().unwrap()
}

#[test]
#[cfg(unix)]
fn the_session_prints_what_the_readme_says() {
    let folder = tempfile::tempdir().unwrap();
    let (definition, session) = block("sh").split_once('\n').unwrap();
    assert!(definition.starts_with("generators() {"), "{definition}");
    let script = format!(
        "exec 2>&1\ngenerators() {{ '{}' --store redb:generators.redb \"$@\"; }}\n{session}",
        GENERATORS.0
    );
    let run = Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    assert_eq!(String::from_utf8(run.stdout).unwrap(), block("text"));
}

/// The code of the README, which has to be in this function line for line.
fn code_of_the_readme(url: &str) -> Result<(), Error> {
    let db = database::get(url, &Default::default())?;
    db.put("event:my-id", &json!({ "id": "my-id", "date": "2024-01-01" }))?;
    db.put(&key::join(&["modifier", "my-id", "location"]), &json!("NYC"))?;
    assert_eq!(db.keys("event:")?, ["event:my-id"]);

    // All of them or none, durable when it returns; `buffered` and `sync` where that is too slow.
    db.batch(&[Op::put("event:id1", json!({ "id": "id1" })), Op::del("event:old-id")])?;
    assert_eq!(db.delete_event("my-id")?, ["event:my-id", "modifier:my-id:location"]);

    // Version 1 is built in replica y. A node that is not decided about is an error.
    let upgrade = Upgrade::to(1, |nodes| {
        Ok(nodes.keys().map(|node| (node.clone(), Decision::Keep)).collect())
    });
    assert_eq!(db.migrate(&[upgrade], &Run::default())?, 1);

    match db.get("event:id1") {
        Ok(event) => println!("{event:?}"),
        Err(Error::Query { path, query, cause }) => eprintln!("{query} in {path}: {cause}"),
        Err(error) => return Err(error),
    }
    db.close()
}

#[test]
fn the_code_of_the_readme_runs() {
    code_of_the_readme("memory:").unwrap();
    let source = include_str!("readme.rs").lines().map(str::trim);
    let source: Vec<_> = source.skip_while(|line| !line.starts_with("fn code_of")).collect();
    let shown: Vec<_> = block("rust").lines().map(str::trim).collect();
    assert!(shown.len() > 10);
    let is_there = source.windows(shown.len()).any(|lines| lines == shown);
    assert!(is_there, "the code of the README is not that of `code_of_the_readme`");
}

#[test]
fn every_test_the_readme_names_is_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generators");
    let rows = README.lines().filter(|line| line.starts_with("| G"));
    let names =
        rows.clone().filter_map(|row| row.split('|').nth(3)).flat_map(|cell| cell.split('`'));
    let mut count = 0;
    for (module, name) in names.filter_map(|name| name.split_once("::")) {
        let source = fs::read_to_string(folder.join(module).with_extension("rs")).unwrap();
        assert!(name == "*" || source.contains(&format!("fn {name}(")), "{module}::{name}");
        count += 1;
    }
    assert_eq!(rows.count(), 14, "every row has its tests");
    assert!(count > 14, "{count}");
}
