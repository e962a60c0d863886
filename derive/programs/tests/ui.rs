//! What cannot be right does not compile, and the error points at the field.

/// The messages are those of the compiler that `ui/*.stderr` was written by. `TRYBUILD=overwrite`
/// writes them anew.
#[test]
fn what_cannot_be_right_does_not_compile() {
    let programs = trybuild::TestCases::new();
    programs.pass("tests/ui/right.rs");
    programs.compile_fail("tests/ui/*/*.rs");
}
