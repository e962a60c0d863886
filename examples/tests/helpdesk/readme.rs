//! The page beside the example: its code is the example's.

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../helpdesk/README.md");

#[test]
fn its_code_is_that_of_the_example() {
    let files = ["app", "changes", "comments", "payments", "tickets"];
    let code = files.map(|name| {
        let path = format!("helpdesk/{name}.rs");
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
    });
    let code = code.concat();
    let blocks: Vec<&str> =
        PAGE.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 3, "{} blocks", blocks.len());
    for part in blocks.iter().flat_map(|block| block.split("\n\n")) {
        assert!(code.contains(part.trim_end()), "no file has\n{part}");
    }
}
