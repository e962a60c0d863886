//! The suites on planted engines, which differ from most in one way.

mod conflicting;
mod narrow;
mod small;
