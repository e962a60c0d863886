//! Values.

use std::sync::Arc;

use tokio_postgres::Row;

/// The bytes of a value, within an answer of the server.
///
/// ```
/// fn length(value: &arbour_postgres::PostgresValue) -> usize {
///     value.as_ref().len()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct PostgresValue {
    row: Arc<Row>,
}

impl PostgresValue {
    /// Returns the value in the first column, if there is one.
    pub(crate) fn of(row: Row) -> Option<Self> {
        let is_there = matches!(row.try_get::<_, Option<&[u8]>>(0), Ok(Some(_)));
        is_there.then(|| Self { row: Arc::new(row) })
    }
}

impl AsRef<[u8]> for PostgresValue {
    fn as_ref(&self) -> &[u8] {
        self.row.try_get(0).unwrap_or_default()
    }
}
