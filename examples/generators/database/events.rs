//! Events and their modifiers.

use arbour::key::StartsWith;

use super::entries::keys_in;
use super::{Database, Error, key};

impl Database {
    /// Deletes an event and all its modifiers, `event:id` and `modifier:id:...`, together or not at
    /// all. Returns the deleted keys: none if there was no event of that id.
    ///
    /// The original leaves modifiers behind since it no longer uses SQL. A modifier that is put
    /// concurrently is put either before this, and is deleted too, or after it.
    ///
    /// # Errors
    /// [`Error::Query`] with `DELETE EVENT id`.
    pub fn delete_event(&self, id: &str) -> Result<Vec<String>, Error> {
        let event = key::join(&["event", id]);
        let modifiers = key::prefix(&["modifier", id]);
        self.write(
            || format!("DELETE EVENT {id}"),
            |transaction, entries| {
                let mut gone = keys_in(transaction, entries, &modifiers)?;
                entries.delete_prefix(transaction, StartsWith(modifiers.as_str()))?;
                if entries.contains(transaction, &event)? {
                    entries.delete(transaction, &event)?;
                    gone.insert(0, event.clone());
                }
                Ok(gone)
            },
        )
    }
}
