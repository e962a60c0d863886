//! The tests of a suite: one for each case on each axis, with a name of its own.

/// Generates the tests of a suite: a module for each axis with a module for each topic in it. `$cases`
/// names the macro that lists the cases.
#[doc(hidden)]
#[macro_export]
macro_rules! __suite {
    (
        $suite:ty, $cases:ident, $factory:expr;
        each on [$($module:ident $axis:ident),*];
    ) => {
        $(
            mod $module {
                #[allow(unused_imports)]
                use super::*;
                $crate::$cases!(__topics $suite; $factory; $axis;);
            }
        )*
    };
}

/// Generates the tests of all cases on one axis.
#[doc(hidden)]
#[macro_export]
macro_rules! __topics {
    ($suite:ty; $factory:expr; $axis:ident; $($topic:ident { $($case:ident)* })*) => {
        $(
            mod $topic {
                #[allow(unused_imports)]
                use super::*;
                $(
                    #[test]
                    fn $case() -> $crate::__private::Outcome {
                        $crate::run::<$suite, _>(
                            &Default::default(),
                            $factory,
                            $crate::Axis::$axis,
                            stringify!($topic),
                            stringify!($case),
                        )
                    }
                )*
            }
        )*
    };
}

/// Generates a test for each function that starts other processes. The functions are in `$module`,
/// and take the factory and the path of the test, which the processes run again.
#[doc(hidden)]
#[macro_export]
macro_rules! __process_tests {
    ($suite:ty, $factory:expr; $module:ident { $($(#[$attribute:meta])* $test:ident)* }) => {
        mod process {
            #[allow(unused_imports)]
            use super::*;
            $(
                $(#[$attribute])*
                #[test]
                fn $test() -> $crate::__private::Outcome {
                    let test = concat!(module_path!(), "::", stringify!($test));
                    $crate::$module::$test(&$factory, test)
                }
            )*
        }
    };
}

/// Generates the tests of the cases of all suites on one axis, for a planted engine.
#[doc(hidden)]
#[macro_export]
macro_rules! __planted_engine {
    ($factory:expr) => {
        mod key_values {
            #[allow(unused_imports)]
            use super::*;
            $crate::__cases!(__topics $crate::KeyValueSuite; $factory; Fixed;);
        }

        mod documents {
            #[allow(unused_imports)]
            use super::*;
            $crate::__documents_cases!(__topics $crate::documents::DocumentSuite; $factory; Fixed;);
        }

        mod events {
            #[allow(unused_imports)]
            use super::*;
            $crate::__events_cases!(__topics $crate::events::EventSuite; $factory; Fixed;);
        }

        mod migrations {
            #[allow(unused_imports)]
            use super::*;
            $crate::__migrations_cases!(__topics $crate::migrations::MigrationSuite; $factory; Fixed;);
        }
    };
}
