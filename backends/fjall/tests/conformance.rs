//! The suite on fjall.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use arbour_conformance::Factory;
use arbour_core::{Result, StoreOptions};
use arbour_fjall::FjallStore;

struct Fjall;

impl Factory for Fjall {
    type Store = FjallStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<FjallStore> {
        FjallStore::open(path, options)
    }

    fn data_file(&self, path: &Path) -> PathBuf {
        // A closed store has its entries in sorted files, and those of a case in one file.
        let files = fs::read_dir(path.join("keyspaces/1/tables")).into_iter().flatten().flatten();
        let files = files.map(|file| file.path());
        files.max_by_key(|file| file.metadata().map_or(0, |found| found.len())).unwrap_or_default()
    }

    fn make_newer(&self, path: &Path) -> io::Result<()> {
        fs::write(path.join("arbour"), "arbour-fjall 2\n")
    }
}

arbour_conformance::all_suites!(Fjall);

mod mirror {
    use arbour_conformance::{BTreeFactory, MemoryFactory, mirror, seed};

    use super::Fjall;

    #[test]
    fn answers_as_memory_does() {
        mirror(&Fjall, &MemoryFactory, seed(), 32);
    }

    #[test]
    fn answers_as_the_layered_engine_does() {
        mirror(&Fjall, &BTreeFactory, seed(), 32);
    }
}

/// fjall with many writers: the store above with the transactions of core. One process runs all cases.
/// The suites of the layers run on the same transactions over a store in memory, where they do not wait
/// for the device: conformance/tests/planted.
mod many_writers {
    use std::io;
    use std::path::{Path, PathBuf};

    use arbour_conformance::{
        Axis, Factory, KeyValueSuite, documents, events, migrations, process, run_all,
    };
    use arbour_core::engine::OptimisticStore;
    use arbour_core::{DynStore, Result, StoreOptions};

    use super::Fjall;

    struct ManyWriters;

    impl Factory for ManyWriters {
        type Store = OptimisticStore;

        fn open(&self, path: &Path, options: &StoreOptions) -> Result<OptimisticStore> {
            let store = DynStore::new(Fjall.open(path, options)?);
            Ok(OptimisticStore::new(store, options))
        }

        fn data_file(&self, path: &Path) -> PathBuf {
            Fjall.data_file(path)
        }

        fn make_newer(&self, path: &Path) -> io::Result<()> {
            Fjall.make_newer(path)
        }
    }

    #[test]
    fn runs_every_case() {
        let report = run_all(&KeyValueSuite, || ManyWriters, &[Axis::Fixed]);
        println!("{report}");
        assert!(report.failures.is_empty(), "{report}");
        assert!(report.count() > 0, "there are cases");
    }

    /// A test whose processes are killed: they run the test of this name again.
    macro_rules! killed {
        ($($module:ident::$test:ident)*) => {
            $(
                #[test]
                fn $test() -> Result<()> {
                    $module::$test(&ManyWriters, concat!(module_path!(), "::", stringify!($test)))
                }
            )*
        };
    }

    killed! {
        process::killed_writer_loses_nothing
        documents::killed_builder_goes_on
        events::killed_dispatcher_loses_nothing
        migrations::killed_migrator_goes_on
    }
}
