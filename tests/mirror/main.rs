//! Every two engines that are built in give the same answers, opened by their URLs.

#![cfg(any(
    feature = "fjall",
    feature = "lmdb",
    feature = "redb",
    feature = "rocksdb",
    feature = "sled",
    feature = "sqlite"
))]

use arbour::Registry;
use arbour_conformance::{mirror, seed};

mod by_url;

use by_url::ByUrl;

/// How many random sequences each two engines are compared with.
const CASES: u64 = 24;

/// Makes a test for each two engines whose features are on, and the list of all of them.
macro_rules! pairs {
    ($($name:ident: $left:literal, $right:literal if $($feature:literal),+;)+) => {
        /// The pairs that have a test, built in or not.
        const PAIRS: &[(&str, &str)] = &[$(($left, $right)),+];

        $(
            #[cfg(all($(feature = $feature),+))]
            #[test]
            fn $name() {
                let (left, right) = (ByUrl($left.to_owned()), ByUrl($right.to_owned()));
                mirror(&left, &right, seed(), CASES);
            }
        )+
    };
}

pairs! {
    fjall_and_lmdb: "fjall", "lmdb" if "fjall", "lmdb";
    fjall_and_memory: "fjall", "memory" if "fjall";
    fjall_and_redb: "fjall", "redb" if "fjall", "redb";
    fjall_and_rocksdb: "fjall", "rocksdb" if "fjall", "rocksdb";
    fjall_and_sled: "fjall", "sled" if "fjall", "sled";
    fjall_and_sqlite: "fjall", "sqlite" if "fjall", "sqlite";
    lmdb_and_memory: "lmdb", "memory" if "lmdb";
    lmdb_and_redb: "lmdb", "redb" if "lmdb", "redb";
    lmdb_and_rocksdb: "lmdb", "rocksdb" if "lmdb", "rocksdb";
    lmdb_and_sled: "lmdb", "sled" if "lmdb", "sled";
    lmdb_and_sqlite: "lmdb", "sqlite" if "lmdb", "sqlite";
    memory_and_redb: "memory", "redb" if "redb";
    memory_and_rocksdb: "memory", "rocksdb" if "rocksdb";
    memory_and_sled: "memory", "sled" if "sled";
    memory_and_sqlite: "memory", "sqlite" if "sqlite";
    redb_and_rocksdb: "redb", "rocksdb" if "redb", "rocksdb";
    redb_and_sled: "redb", "sled" if "redb", "sled";
    redb_and_sqlite: "redb", "sqlite" if "redb", "sqlite";
    rocksdb_and_sled: "rocksdb", "sled" if "rocksdb", "sled";
    rocksdb_and_sqlite: "rocksdb", "sqlite" if "rocksdb", "sqlite";
    sled_and_sqlite: "sled", "sqlite" if "sled", "sqlite";
}

#[test]
fn no_pair_is_missing() {
    let mut schemes = Registry::built_in().schemes();
    // It needs a server, and is compared in backends/postgres/tests/conformance.rs.
    schemes.retain(|scheme| scheme != "postgres");
    let mut count = 0;
    for (number, left) in schemes.iter().enumerate() {
        for right in &schemes[number + 1..] {
            count += 1;
            assert!(PAIRS.contains(&(left, right)), "{left} and {right} are not compared");
        }
    }
    assert!(count > 0, "one engine alone is compared with none");
    println!("{count} pairs of {} are compared", schemes.join(", "));
}
