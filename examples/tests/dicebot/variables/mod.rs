//! The example `variables`, a program on the same database: imports, damage and death.

mod death;
mod importing;
mod program;
