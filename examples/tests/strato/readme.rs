//! The page beside the example: its code is the example's, and its tests exist.

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../strato/README.md");

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn its_code_is_that_of_the_example() {
    let files = ["things", "crud", "event_sourcing"];
    let code = files.map(|name| read(&format!("strato/{name}.rs"))).concat();
    let blocks = PAGE.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let functions: Vec<&str> = blocks.flat_map(|block| block.split("\n\n")).collect();
    assert_eq!(functions.len(), 5);
    for function in functions {
        assert!(code.contains(function.trim_end()), "no file has\n{function}");
    }
}

#[test]
fn its_tests_are_there() {
    let rows = PAGE.lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let tests: Vec<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(tests.len() > 70, "{} tests are named", tests.len());
    for test in tests {
        let (file, name) = test.split_once("::").unwrap();
        let text = read(&format!("tests/strato/{file}.rs"));
        assert!(text.contains(&format!("fn {name}(")), "there is no {test}");
    }
}
