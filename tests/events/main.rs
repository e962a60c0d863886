//! What is promised of events beyond what the suite asks on every engine: the bytes they are stored as.

#[cfg(test)]
mod layout;
