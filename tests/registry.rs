//! Choosing an engine by a URL: what can be opened, what is refused, and the text of a refusal.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arbour::{
    DynStore, Error, ErrorKind, KvStore as _, MemoryStore, Operation, Registry, Result,
    StoreOptions, Writers,
};

/// Every engine of Arbour's that keeps its stores at a path, and whether it is built in.
const AT_A_PATH: [(&str, bool); 6] = [
    ("fjall", cfg!(feature = "fjall")),
    ("lmdb", cfg!(feature = "lmdb")),
    ("redb", cfg!(feature = "redb")),
    ("rocksdb", cfg!(feature = "rocksdb")),
    ("sled", cfg!(feature = "sled")),
    ("sqlite", cfg!(feature = "sqlite")),
];

fn built_in() -> impl Iterator<Item = &'static str> {
    AT_A_PATH.iter().filter(|(_, built_in)| *built_in).map(|(scheme, _)| *scheme)
}

fn scratch(_place: &str, options: &StoreOptions) -> Result<DynStore> {
    Ok(DynStore::new(MemoryStore::open(options)?))
}

/// Expects a refusal whose message contains these words.
#[track_caller]
fn refused<T>(result: Result<T>, kind: ErrorKind, says: &[&str]) -> Error {
    let error = result.err().expect("it is refused");
    assert_eq!((error.kind(), error.operation()), (kind, Operation::Open), "{error}");
    for word in says {
        assert!(error.message().contains(word), "{word:?} is not in {:?}", error.message());
    }
    error
}

#[test]
fn every_engine_that_is_built_in_opens_by_its_scheme() {
    let server = cfg!(feature = "postgres").then_some("postgres");
    let mut expected: Vec<&str> = built_in().chain(["memory"]).chain(server).collect();
    expected.sort_unstable();
    assert_eq!(Registry::built_in().schemes(), expected);
    assert_eq!(arbour::open("memory:").unwrap().capabilities().engine, "memory");
    let folder = tempfile::tempdir().unwrap();
    for scheme in built_in() {
        let url = format!("{scheme}:{}", folder.path().join(scheme).display());
        for value in [&b"1"[..], b"2"] {
            let store = arbour::open(&url).unwrap();
            assert_eq!(store.capabilities().engine, scheme);
            let tree = store.tree("t").unwrap();
            let before = store.get(&tree, b"k").unwrap();
            assert_eq!(before.as_deref(), (value == b"2").then_some(&b"1"[..]), "{scheme}");
            store.put(&tree, b"k", value).unwrap();
            store.close().unwrap();
        }
    }
}

#[test]
fn an_engine_that_is_not_built_in_names_its_feature() {
    for (scheme, built_in) in AT_A_PATH {
        if !built_in {
            let feature = format!("Cargo feature {scheme:?}");
            let says = ["was not built in", feature.as_str(), "memory:"];
            refused(arbour::open(&format!("{scheme}:x")), ErrorKind::Unsupported, &says);
        }
    }
}

#[test]
fn an_unknown_scheme_lists_those_that_can_be_opened() {
    let mut registry = Registry::built_in();
    registry.register("scratch", scratch).unwrap();
    let says = ["no engine \"oracle\"", "memory:, ", "scratch:"];
    refused(registry.open("oracle:scott"), ErrorKind::InvalidArgument, &says);
    for (scheme, built_in) in AT_A_PATH {
        let error = refused(registry.open("oracle:x"), ErrorKind::InvalidArgument, &[]);
        let listed = error.message().contains(&format!("{scheme}:"));
        assert_eq!(listed, built_in, "{scheme}: {error}");
    }
    let none = Registry::new();
    refused(none.open("memory:"), ErrorKind::InvalidArgument, &["can open none"]);
}

#[test]
fn a_mistake_gets_a_hint() {
    let kind = ErrorKind::InvalidArgument;
    for (url, says) in [
        ("app.redb", "before the path"),
        ("", "before the path"),
        ("/data/app.redb", "before the path"),
        ("memory", "write \"memory:\""),
        (":app.redb", "no engine \"\""),
        ("REDB:x", "did you mean \"redb:\"?"),
        (" redb:x", "did you mean \"redb:\"?"),
        ("sqlite3:x", "did you mean \"sqlite:\"?"),
        ("rocks:x", "did you mean \"rocksdb:\"?"),
        ("mem:", "did you mean \"memory:\"?"),
        (r"c:\data\app.redb", "looks like a drive"),
        ("C:/data/app.redb", "looks like a drive"),
        ("memory:app", "takes no path"),
        ("memory://", "takes no path"),
    ] {
        refused(arbour::open(url), kind, &[says]);
    }
    // A scheme that resembles no other gets no suggestion.
    for url in ["oracle:x", "re:x", "db:x"] {
        let error = refused(arbour::open(url), kind, &["there is no engine"]);
        assert!(!error.message().contains("did you mean"), "{error}");
    }
}

#[test]
fn an_engine_at_a_path_wants_one() {
    for scheme in built_in() {
        let example = format!("as in {scheme}:app.{scheme}");
        for place in ["", "//"] {
            let url = format!("{scheme}:{place}");
            refused(arbour::open(&url), ErrorKind::InvalidArgument, &["needs a path", &example]);
        }
        let (relative, absolute) = (format!("\"{scheme}:a/x\""), format!("\"{scheme}:/a/x\""));
        let url = format!("{scheme}://a/x");
        refused(arbour::open(&url), ErrorKind::InvalidArgument, &[&relative, &absolute]);
        assert!(!std::path::Path::new("a").exists());
        refused(arbour::open(&format!("{scheme}:a\0b")), ErrorKind::InvalidArgument, &["NUL"]);
    }
}

/// Characters that a shell, a browser or SQLite's own URLs would decode are part of the name here.
#[test]
fn a_path_is_taken_as_it_is() {
    for scheme in built_in() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["with blank", "ä\u{1f332}", "50%20off", "a:b", "app.db?mode=ro#x", ":memory:"];
        for name in names.into_iter().filter(|name| cfg!(unix) || !name.contains([':', '?'])) {
            let path = folder.path().join(name);
            let store = arbour::open(&format!("{scheme}:{}", path.display())).unwrap();
            store.put(&store.tree("t").unwrap(), b"k", b"").unwrap();
            store.close().unwrap();
            assert!(path.exists(), "{scheme} made no {name:?}");
        }
    }
}

/// Options follow the path; a value that an option does not have is refused.
#[test]
fn a_url_can_have_options() {
    let folder = tempfile::tempdir().unwrap();
    let writers = |scheme: &str, query: &str| {
        let place = folder.path().join(scheme);
        let opened = arbour::open(&format!("{scheme}:{}?{query}", place.display()));
        opened.map(|store| store.capabilities().writers)
    };
    for scheme in built_in() {
        for query in ["verify=true", "verify=false", "writers=one", "writers=one&verify=true"] {
            assert_eq!(writers(scheme, query).unwrap(), Writers::One, "{scheme} {query}");
        }
        for query in ["writers=many", "verify=true&writers=many"] {
            match writers(scheme, query) {
                Ok(writers) => assert_eq!((scheme, writers), ("fjall", Writers::Many)),
                Err(error) => {
                    assert_ne!(scheme, "fjall", "{error}");
                    refused(Err::<(), _>(error), ErrorKind::Unsupported, &["`writers=many`"]);
                }
            }
        }
        for (query, says) in [
            ("writers=2", "`writers` is `one` or `many`"),
            ("writers=", "`writers` is `one` or `many`"),
            ("verify=yes", "`verify` is `true` or `false`"),
            ("verify=true&writers=all", "\"writers=all\""),
        ] {
            refused(writers(scheme, query), ErrorKind::InvalidArgument, &[says]);
        }
        // Every store was opened at the path before the `?`.
        assert!(folder.path().join(scheme).exists());
    }
    let made = std::fs::read_dir(folder.path()).unwrap();
    let names = made.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.contains('?')).count(), 0);
}

/// Engines have special names that do not refer to a file; here they do.
#[cfg(unix)]
#[test]
fn a_relative_path_is_one_whatever_it_looks_like() {
    let before = std::env::current_dir().unwrap();
    for scheme in built_in() {
        let folder = tempfile::tempdir().unwrap();
        std::env::set_current_dir(folder.path()).unwrap();
        for name in ["file:x?mode=memory", "-x", "~", "$HOME"] {
            let store = arbour::open(&format!("{scheme}:{name}")).unwrap();
            store.put(&store.tree("t").unwrap(), b"k", b"").unwrap();
            store.close().unwrap();
            assert!(folder.path().join(name).exists(), "{scheme} made no {name:?}");
        }
    }
    std::env::set_current_dir(before).unwrap();
}

/// SQLite's name for a store in memory is a path here.
#[test]
fn a_store_in_memory_has_one_url() {
    for scheme in built_in() {
        let url = format!("{scheme}:");
        refused(arbour::open(&url), ErrorKind::InvalidArgument, &["needs a path", "memory:"]);
    }
    if cfg!(feature = "sqlite") {
        refused(arbour::open("sqlite::memory:"), ErrorKind::InvalidArgument, &["`memory:`"]);
        assert!(!std::path::Path::new(":memory:").exists());
    }
}

#[cfg(unix)]
#[test]
fn two_slashes_before_an_absolute_path_change_nothing() {
    for scheme in built_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let store = arbour::open(&format!("{scheme}:{}", path.display())).unwrap();
        store.put(&store.tree("t").unwrap(), b"k", b"v").unwrap();
        store.close().unwrap();
        drop(store);
        let store = arbour::open(&format!("{scheme}://{}", path.display())).unwrap();
        let found = store.get(&store.tree("t").unwrap(), b"k").unwrap();
        assert_eq!(found.as_deref(), Some(&b"v"[..]), "{scheme}");
    }
}

#[test]
fn an_error_has_the_path_that_was_given() {
    for scheme in built_in() {
        let options = StoreOptions::new().create(false);
        let result = arbour::open_with(&format!("{scheme}:no such folder/x"), &options);
        let error = refused(result, ErrorKind::Io, &[]);
        assert_eq!(error.path(), Some("no such folder/x".as_ref()), "{scheme}");
        assert!(!std::path::Path::new("no such folder").exists());
    }
}

#[test]
fn a_store_in_memory_is_always_absent() {
    let options = StoreOptions::new().create(false);
    refused(arbour::open_with("memory:", &options), ErrorKind::NotFound, &["create(false)"]);
    // A read-only one is empty, and creates nothing.
    let store = arbour::open_with("memory:", &options.read_only(true)).unwrap();
    assert_eq!(store.stats().unwrap().entries, 0);
}

#[test]
fn options_reach_the_opener() {
    let mut registry = Registry::new();
    registry
        .register("own", |place, options| {
            assert_eq!((place, options.is_read_only()), ("//a b?c#d%20:", true));
            Err(Error::new(ErrorKind::Engine, Operation::Open, "as the opener says"))
        })
        .unwrap();
    let options = StoreOptions::new().read_only(true);
    let opened = registry.open_with("own://a b?c#d%20:", &options);
    refused(opened, ErrorKind::Engine, &["as the opener says"]);
}

#[test]
fn bad_names_and_taken_names_are_refused() {
    let mut registry = Registry::built_in();
    for name in [
        "", "a", "A", "Own", "own ", " own", "o:n", "o/n", r"o\n", "1own", "-own", "öwn", "o_n",
        "o\0n", "own:",
    ] {
        refused(registry.register(name, scratch), ErrorKind::InvalidArgument, &["is no scheme"]);
    }
    refused(registry.register("memory", scratch), ErrorKind::InvalidArgument, &["is taken"]);
    // This holds even for an engine that is not built in: otherwise the URL would change its
    // meaning once it is.
    for (scheme, built_in) in AT_A_PATH {
        let says = if built_in { "is taken" } else { "is an engine of Arbour's" };
        refused(registry.register(scheme, scratch), ErrorKind::InvalidArgument, &[says]);
    }
    let before = registry.schemes();
    for name in ["own", "ow", "own-2", "a+b.c"] {
        registry.register(name, scratch).unwrap();
        registry.open(&format!("{name}:")).unwrap();
        refused(registry.register(name, scratch), ErrorKind::InvalidArgument, &["is taken"]);
    }
    assert_eq!(registry.schemes().len(), before.len() + 4);
    // A separate registry may use any name.
    let mut own = Registry::new();
    own.register("redb", scratch).unwrap();
    assert_eq!(own.open("redb:").unwrap().capabilities().engine, "memory");
}

#[test]
fn what_is_registered_is_there_for_the_whole_process_and_nowhere_else() {
    arbour::register("process-wide", scratch).unwrap();
    assert!(arbour::schemes().contains(&"process-wide".to_owned()));
    let opened = std::thread::spawn(|| arbour::open("process-wide:x")).join().unwrap();
    assert_eq!(opened.unwrap().capabilities().engine, "memory");
    let again = arbour::register("process-wide", scratch);
    refused(again, ErrorKind::InvalidArgument, &["is taken"]);
    refused(arbour::open("oracle:x"), ErrorKind::InvalidArgument, &["process-wide:"]);
    let other = Registry::built_in();
    refused(other.open("process-wide:x"), ErrorKind::InvalidArgument, &["no engine"]);
    // A clone is independent.
    let mut clone = other.clone();
    clone.register("cloned", scratch).unwrap();
    refused(other.open("cloned:"), ErrorKind::InvalidArgument, &["no engine"]);
}

/// Runs code that would wait for itself if a lock were held, with a limit of five seconds.
fn soon(run: impl FnOnce() + Send + 'static) {
    let (done, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        run();
        done.send(())
    });
    wait.recv_timeout(Duration::from_secs(5)).expect("it does not wait for a lock");
}

#[test]
fn an_opener_may_open_and_register() {
    soon(|| {
        arbour::register("outer", |place, options| {
            arbour::register(place, scratch)?;
            arbour::open_with(&format!("{place}:"), options)
        })
        .unwrap();
        assert_eq!(arbour::open("outer:inner").unwrap().capabilities().engine, "memory");
        assert!(arbour::schemes().contains(&"inner".to_owned()));
    });
}

#[test]
fn a_refused_opener_may_open_when_it_is_dropped() {
    struct OpensWhenDropped(Arc<AtomicUsize>);

    impl Drop for OpensWhenDropped {
        fn drop(&mut self) {
            arbour::open("memory:").unwrap();
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let dropped = Arc::new(AtomicUsize::new(0));
    let guard = OpensWhenDropped(Arc::clone(&dropped));
    soon(|| {
        let opener = move |place: &str, options: &StoreOptions| {
            let _ = &guard;
            scratch(place, options)
        };
        arbour::register("memory", opener).unwrap_err();
    });
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}

#[test]
fn a_panicking_opener_harms_no_one_else() {
    arbour::register("panics", |_, _| panic!("on purpose")).unwrap();
    assert!(std::panic::catch_unwind(|| arbour::open("panics:")).is_err());
    arbour::open("memory:").unwrap();
    arbour::register("after-a-panic", scratch).unwrap();
}

#[test]
fn a_registry_shows_its_schemes() {
    let mut registry = Registry::new();
    registry.register("own", scratch).unwrap();
    assert_eq!(format!("{registry:?}"), r#"Registry { schemes: ["own"], .. }"#);
}
