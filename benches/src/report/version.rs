//! The versions that were built in, as Cargo locked them.

const LOCK: &str = include_str!("../../../Cargo.lock");

/// Returns the version of an engine, and that of the crate by which it is used, if that has a
/// version of its own.
pub(crate) fn engine_version(engine: &str) -> String {
    let locked = |package| locked(LOCK, package).unwrap_or("unknown version");
    match engine {
        "memory" => format!("imbl {}", locked("imbl")),
        #[cfg(feature = "sqlite")]
        "sqlite" => format!("{}, rusqlite {}", rusqlite::version(), locked("rusqlite")),
        #[cfg(feature = "lmdb")]
        "lmdb" => {
            let own = heed::lmdb_version();
            format!("{}.{}.{}, heed {}", own.major, own.minor, own.patch, locked("heed"))
        }
        "rocksdb" => {
            let (_, own) = locked("librocksdb-sys").split_once('+').unwrap_or_default();
            format!("{own}, rocksdb {}", locked("rocksdb"))
        }
        engine => locked(engine).to_owned(),
    }
}

fn locked<'l>(lock: &'l str, package: &str) -> Option<&'l str> {
    let name = format!("name = \"{package}\"");
    let (_, rest) = lock.split_once(&name)?;
    rest.trim_start().strip_prefix("version = \"")?.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_lock() {
        let lock = "[[package]]\nname = \"redb\"\nversion = \"4.4.0\"\n\n[[package]]\nname = \"x\"";
        assert_eq!(locked(lock, "redb"), Some("4.4.0"));
        assert_eq!(locked(lock, "sled"), None);
        assert!(engine_version("redb").starts_with(|first: char| first.is_ascii_digit()));
    }
}
