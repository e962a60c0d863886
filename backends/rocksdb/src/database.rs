//! RocksDB's own database: opening it, and checking that Arbour created it.

use std::io;
use std::path::Path;

use arbour_core::engine::StorePath;
use arbour_core::{Error, ErrorKind, Operation, Result, StoreOptions};
use rocksdb::{
    ColumnFamilyDescriptor, DBWithThreadMode, DEFAULT_COLUMN_FAMILY_NAME, IteratorMode,
    MultiThreaded, Options, ReadOptions,
};

use crate::{RocksdbOptions, error, folder};

pub(crate) type Db = DBWithThreadMode<MultiThreaded>;

/// The version of the layout of Arbour's trees in RocksDB.
const FORMAT: u32 = 1;

/// A column family with this name and the version marks a database as Arbour's. It stays empty.
///
/// Names of families are read from the manifest, without opening the database: a database written
/// by a later version, or by another program, is refused before anything in it is touched.
const MARK: &str = "arbour-";

/// Opens the database in a folder that is locked.
pub(crate) fn open(path: &StorePath, general: &StoreOptions, own: &RocksdbOptions) -> Result<Db> {
    let (has_database, read_only) = (folder::has_database(path)?, general.is_read_only());
    if !has_database && !general.may_create() {
        return Err(absent(path));
    }
    if has_database && !is_marked(path)? {
        refuse_if_used(path)?;
        if read_only {
            return Err(absent(path));
        }
    }
    let options = own.resolve(general);
    let families = [DEFAULT_COLUMN_FAMILY_NAME.to_owned(), format!("{MARK}{FORMAT}")]
        .map(|name| ColumnFamilyDescriptor::new(name, options.clone()));
    let opened = if read_only {
        Db::open_cf_descriptors_read_only(&options, path, families, false)
    } else {
        Db::open_cf_descriptors(&options, path, families)
    };
    let db = opened.map_err(error::open)?;
    if general.verifies() {
        verify(&db)?;
    }
    Ok(db)
}

fn absent(path: &StorePath) -> Error {
    path.open_error(io::Error::from(io::ErrorKind::NotFound))
}

/// Reads every block once: RocksDB verifies the checksum of each.
fn verify(db: &Db) -> Result<()> {
    let mut options = ReadOptions::default();
    // Data that is read once should not evict what is read often.
    options.fill_cache(false);
    options.set_verify_checksums(true);
    db.iterator_opt(IteratorMode::Start, options)
        .try_for_each(|entry| entry.map(drop))
        .map_err(error::open)
}

/// Tells whether a database has the mark of this version. Also `false` for a database whose
/// creation was interrupted.
fn is_marked(path: &Path) -> Result<bool> {
    let families = Db::list_cf(&Options::default(), path).map_err(error::open)?;
    let mut marked = false;
    for name in families.iter().filter(|name| *name != DEFAULT_COLUMN_FAMILY_NAME) {
        match name.strip_prefix(MARK) {
            Some(version) if version == FORMAT.to_string() => marked = true,
            Some(version) => {
                let message = format!(
                    "the store has format {version}, and this program reads format {FORMAT}"
                );
                return Err(Error::new(ErrorKind::TooNew, Operation::Open, message));
            }
            None => return Err(foreign()),
        }
    }
    Ok(marked)
}

/// Refuses a database without a mark that contains anything: it belongs to another program.
fn refuse_if_used(path: &Path) -> Result<()> {
    let options = RocksdbOptions::new().resolve(&StoreOptions::new().read_only(true));
    let db = Db::open_for_read_only(&options, path, false).map_err(error::open)?;
    match db.iterator(IteratorMode::Start).next() {
        None => Ok(()),
        Some(Ok(_)) => Err(foreign()),
        Some(Err(cause)) => Err(error::open(cause)),
    }
}

fn foreign() -> Error {
    let message = "the folder holds a database of RocksDB that Arbour did not make, as it has no column \
                   family that names Arbour's format";
    Error::new(ErrorKind::InvalidArgument, Operation::Open, message)
}
