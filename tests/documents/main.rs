//! What is promised of documents beyond what the suite asks on every engine: the bytes they are
//! stored as, and that a write the engine fails in its midst leaves nothing behind.

#[cfg(test)]
mod failing;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod layout;
