//! Running a test on every engine.

/// Makes a test for each engine from each function, which takes a [`Bed`](crate::bed::Bed).
macro_rules! on_every_engine {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[test]
            fn memory() {
                super::$name(&crate::bed::Bed::of("memory"));
            }

            $crate::engines::at_a_path!($name);
        })+
    };
}
pub(crate) use on_every_engine;

/// The same on persistent engines.
macro_rules! on_every_persistent_engine {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            $crate::engines::at_a_path!($name);
        })+
    };
}
pub(crate) use on_every_persistent_engine;

macro_rules! at_a_path {
    ($name:ident) => {
        #[test]
        fn redb() {
            super::$name(&crate::bed::Bed::of("redb"));
        }

        #[cfg(feature = "fjall")]
        #[test]
        fn fjall() {
            super::$name(&crate::bed::Bed::of("fjall"));
        }

        #[cfg(feature = "lmdb")]
        #[test]
        fn lmdb() {
            super::$name(&crate::bed::Bed::of("lmdb"));
        }

        #[cfg(feature = "rocksdb")]
        #[test]
        fn rocksdb() {
            super::$name(&crate::bed::Bed::of("rocksdb"));
        }

        #[cfg(feature = "sled")]
        #[test]
        fn sled() {
            super::$name(&crate::bed::Bed::of("sled"));
        }

        #[cfg(feature = "sqlite")]
        #[test]
        fn sqlite() {
            super::$name(&crate::bed::Bed::of("sqlite"));
        }
    };
}
pub(crate) use at_a_path;
