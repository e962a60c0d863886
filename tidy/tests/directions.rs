//! Which crate may depend on which.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The allowed dependencies among the crates of the workspace, tests aside.
const DIRECTIONS: [(&str, &[&str]); 18] = [
    // It reads the sources of the others, and is compiled with none of them.
    ("arbour-tidy", &[]),
    ("arbour-core", &[]),
    // It writes code that names `arbour`, and is compiled before it.
    ("arbour-derive", &[]),
    // Programs that its macros accept and refuse, compiled by a test.
    ("arbour-derive-programs", &[]),
    ("arbour-fjall", &["arbour-core"]),
    ("arbour-lmdb", &["arbour-core"]),
    ("arbour-postgres", &["arbour-core"]),
    // What tests start; nothing else depends on it.
    ("arbour-servers", &[]),
    ("arbour-redb", &["arbour-core"]),
    ("arbour-rocksdb", &["arbour-core"]),
    ("arbour-sled", &["arbour-core"]),
    ("arbour-sqlite", &["arbour-core"]),
    ("arbour-conformance", &["arbour", "arbour-core"]),
    (
        "arbour",
        &[
            "arbour-core",
            "arbour-derive",
            "arbour-fjall",
            "arbour-lmdb",
            "arbour-postgres",
            "arbour-redb",
            "arbour-rocksdb",
            "arbour-sled",
            "arbour-sqlite",
        ],
    ),
    // Programs, so nothing depends on them.
    ("arbour-examples", &["arbour"]),
    // The start for an engine outside of this repository.
    ("own_engine", &["arbour-core"]),
    // It compares everything, and nothing depends on it.
    (
        "arbour-benches",
        &[
            "arbour",
            "arbour-core",
            "arbour-fjall",
            "arbour-lmdb",
            "arbour-redb",
            "arbour-rocksdb",
            "arbour-sled",
            "arbour-sqlite",
        ],
    ),
    // Like the benches; it needs no layer of the root.
    (
        "arbour-faults",
        &[
            "arbour-core",
            "arbour-fjall",
            "arbour-lmdb",
            "arbour-redb",
            "arbour-rocksdb",
            "arbour-sled",
            "arbour-sqlite",
        ],
    ),
];

#[test]
fn dependencies_point_inwards() {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the repository");
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()
        .expect("cargo describes the workspace");
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("as JSON");
    let packages = metadata["packages"].as_array().expect("with packages");
    let mut findings = Vec::new();
    for name in packages.iter().filter_map(|package| package["name"].as_str()) {
        if !DIRECTIONS.iter().any(|(listed, _)| *listed == name) {
            findings.push(format!("{name} is not in the list of directions"));
        }
    }
    for (crate_name, allowed) in DIRECTIONS {
        let package = packages.iter().find(|package| package["name"] == crate_name);
        let package = package.unwrap_or_else(|| panic!("{crate_name} is a package"));
        let dependencies = package["dependencies"].as_array().expect("a list");
        let of_arbour: BTreeSet<&str> = dependencies
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .filter_map(|dependency| dependency["name"].as_str())
            .filter(|name| name.starts_with("arbour"))
            .collect();
        for dependency in of_arbour.into_iter().filter(|name| !allowed.contains(name)) {
            findings.push(format!("{crate_name} depends on {dependency}"));
        }
    }
    assert!(findings.is_empty(), "a dependency points outwards:\n{}", findings.join("\n"));
}
