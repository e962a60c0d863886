//! The statements that every connection has prepared.

use arbour_core::Direction;
use tokio_postgres::{Client, Error, Row, Statement};

/// A value longer than this is not part of a scanned batch; it is read when the cursor reaches it.
pub(crate) const INLINE_BYTES_MAX: usize = 64 << 10;

/// The statements, in the order of [`Statements::texts`].
pub(crate) struct Statements {
    pub(crate) get: Statement,
    pub(crate) exists: Statement,
    pub(crate) get_many: Statement,
    pub(crate) forward: Statement,
    pub(crate) forward_to_end: Statement,
    pub(crate) reverse: Statement,
    pub(crate) reverse_from_end: Statement,
    pub(crate) count: Statement,
    pub(crate) number: Statement,
    pub(crate) trees: Statement,
    pub(crate) write: Statement,
}

/// The first entries of a span of a tree, in a direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) tree: i32,
    pub(crate) start: Vec<u8>,
    /// The key after the last, if there is one.
    pub(crate) end: Option<Vec<u8>>,
    pub(crate) direction: Direction,
    /// The most entries.
    pub(crate) limit: i64,
}

impl Statements {
    /// Reads entries, each a key and, if that is not too long, a value.
    pub(crate) async fn scan(&self, client: &Client, scan: &Scan) -> Result<Vec<Row>, Error> {
        let Scan { tree, start, end, direction, limit } = scan;
        match (direction, end) {
            (Direction::Forward, Some(end)) => {
                client.query(&self.forward, &[tree, limit, start, end]).await
            }
            (Direction::Forward, None) => {
                client.query(&self.forward_to_end, &[tree, limit, start]).await
            }
            (Direction::Reverse, Some(end)) => {
                client.query(&self.reverse, &[tree, limit, start, end]).await
            }
            (Direction::Reverse, None) => {
                client.query(&self.reverse_from_end, &[tree, limit, start]).await
            }
        }
    }

    /// Prepares all of them in one round trip.
    pub(crate) async fn prepare(client: &Client, schema: &str) -> Result<Self, Error> {
        let scan = |condition: &str, direction: &str| {
            format!(
                "SELECT key, CASE WHEN octet_length(value) <= {INLINE_BYTES_MAX} THEN value END \
                 FROM {schema}.entries WHERE tree = $1 AND {condition} ORDER BY key {direction} LIMIT $2"
            )
        };
        let get = format!("SELECT value FROM {schema}.entries WHERE tree = $1 AND key = $2");
        let exists = format!("SELECT 1 FROM {schema}.entries WHERE tree = $1 AND key = $2");
        let get_many = format!(
            "SELECT entries.value FROM unnest($2::bytea[]) WITH ORDINALITY AS wanted(key, place) \
             LEFT JOIN {schema}.entries ON entries.tree = $1 AND entries.key = wanted.key ORDER BY place"
        );
        let forward = scan("key >= $3 AND key < $4", "");
        let forward_to_end = scan("key >= $3", "");
        let reverse = scan("key >= $3 AND key < $4", "DESC");
        let reverse_from_end = scan("key >= $3", "DESC");
        let count = format!("SELECT count(*) FROM {schema}.entries WHERE tree = $1");
        let number = format!("SELECT number FROM {schema}.trees WHERE name = $1");
        let trees = format!(
            "SELECT name FROM {schema}.trees WHERE EXISTS \
             (SELECT FROM {schema}.entries WHERE tree = trees.number) ORDER BY name"
        );
        // The commit of a connection that was lost is found in `commits`.
        let write = format!(
            "WITH deleted AS (DELETE FROM {schema}.entries USING unnest($4::int4[], $5::bytea[]) AS gone(tree, key) \
               WHERE entries.tree = gone.tree AND entries.key = gone.key), \
             put AS (INSERT INTO {schema}.entries SELECT * FROM unnest($1::int4[], $2::bytea[], $3::bytea[]) \
               ON CONFLICT (tree, key) DO UPDATE SET value = excluded.value) \
             INSERT INTO {schema}.commits (session, number) VALUES ($6, $7) \
               ON CONFLICT (session) DO UPDATE SET number = excluded.number, at = now()"
        );
        let texts = [
            get,
            exists,
            get_many,
            forward,
            forward_to_end,
            reverse,
            reverse_from_end,
            count,
            number,
            trees,
            write,
        ];
        let prepared = texts.iter().map(|text| client.prepare(text));
        let prepared = futures_util::future::try_join_all(prepared).await?;
        let mut prepared = prepared.into_iter();
        let mut next = || prepared.next().expect("each text was prepared");
        Ok(Self {
            get: next(),
            exists: next(),
            get_many: next(),
            forward: next(),
            forward_to_end: next(),
            reverse: next(),
            reverse_from_end: next(),
            count: next(),
            number: next(),
            trees: next(),
            write: next(),
        })
    }
}
