//! Every engine that can be put through the faults, by its name.

use crate::engine::Engine;
use crate::{Error, Result, engines, lie, toy};

/// Returns the engines of this build, each followed by itself without Arbour.
#[must_use]
pub fn engines() -> Vec<Engine> {
    engines::all()
}

/// Returns the engine of a name, including those with planted lies.
///
/// # Errors
/// [`Error::UnknownEngine`] if no engine has it.
pub fn engine(name: &str) -> Result<Engine> {
    let all = || engines().into_iter().chain(toy::engines()).chain(lie::engines());
    all().find(|engine| engine.name == name).ok_or_else(|| {
        let known: Vec<_> = all().map(|engine| engine.name).collect();
        Error::UnknownEngine { name: name.to_owned(), known: known.join(", ") }
    })
}
