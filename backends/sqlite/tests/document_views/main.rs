//! Views of documents: what SQL sees of collections.

mod bed;
mod rows;
mod views;
