//! What a store says about itself: its capabilities and its errors.

use std::error::Error as _;
use std::time::Duration;

use arbour_core::{Capabilities, DamageDetection, Durability, Error, ErrorKind, Writers};

use super::Fault;

/// The most writes of a transaction that a store with a fault of this limit states.
pub(super) const TRANSACTION_WRITES_MAX: usize = 100;

/// The most snapshots that a store with a fault of this limit states.
pub(super) const SNAPSHOTS_MAX: usize = 64;

/// Returns the capabilities that a store with a fault shows: those of the sound store below, and
/// the backup that is added to it.
pub(super) fn capabilities(fault: Option<Fault>, below: &Capabilities) -> Capabilities {
    let mut shown = below.clone();
    shown.hot_backup = true;
    match fault {
        Some(Fault::DeniesBackup) => shown.hot_backup = false,
        Some(Fault::ClaimsCompaction) => shown.compaction = true,
        Some(Fault::DeniesReadOnly) => shown.read_only = false,
        Some(Fault::VerifiesNothing) => shown.damage = DamageDetection::StructureOnVerify,
        Some(Fault::ClaimsMultiProcess) => shown.multi_process = true,
        Some(Fault::StrongestLevelMissing) => {
            shown.durability.retain(|level| *level < Durability::PowerLoss);
        }
        Some(Fault::DeniesPersistence) => {
            shown.persistent = false;
            shown.durability.clear();
        }
        Some(Fault::ClaimsOptimistic | Fault::OnlyWritesConflict | Fault::PhantomsAppear) => {
            shown.writers = Writers::Many;
        }
        Some(Fault::SnapshotsRefusedEarly | Fault::SnapshotsNotCounted) => {
            shown.snapshots_max = Some(SNAPSHOTS_MAX);
        }
        Some(Fault::SnapshotEndsEarly) => shown.snapshot_age_max = Some(Duration::from_secs(1)),
        Some(Fault::FilesNotCounted) => shown.open_files_max = Some(0),
        Some(Fault::ClaimsReplication) => shown.replicated = true,
        Some(Fault::TransactionLimitIgnored | Fault::TransactionCut) => {
            shown.limits.transaction_writes_max = TRANSACTION_WRITES_MAX;
        }
        _ => {}
    }
    shown
}

/// Returns the error as a store with a fault reports it.
pub(super) fn reported(fault: Option<Fault>, error: Error) -> Error {
    let kind = match (fault, error.kind()) {
        (Some(Fault::TooLargeAsInvalid), ErrorKind::TooLarge) => ErrorKind::InvalidArgument,
        (Some(Fault::BusyAsConflict), ErrorKind::Busy) => ErrorKind::Conflict,
        (Some(Fault::ClosedAsIo), ErrorKind::Closed) => ErrorKind::Io,
        (Some(Fault::LockedAsIo), ErrorKind::Locked) => ErrorKind::Io,
        (Some(Fault::ReadOnlyAsUnsupported), ErrorKind::ReadOnly) => ErrorKind::Unsupported,
        (Some(Fault::NotFoundAsIo), ErrorKind::NotFound) => ErrorKind::Io,
        (Some(Fault::IoAsCorrupted), ErrorKind::Io) => ErrorKind::Corrupted,
        (Some(Fault::TooNewAsCorrupted), ErrorKind::TooNew) => ErrorKind::Corrupted,
        (Some(Fault::ForeignAsEngine), ErrorKind::InvalidArgument) => ErrorKind::Engine,
        (Some(Fault::ErrorsWithoutPath), kind) if error.path().is_some() => kind,
        (Some(Fault::ErrorsWithoutSource), kind) if error.source().is_some() => kind,
        _ => return error,
    };
    let mut told = Error::new(kind, error.operation(), error.message().to_owned());
    if let Some(tree) = error.tree() {
        told = told.with_tree(tree);
    }
    if let Some(key) = error.key() {
        told = told.with_key(key.as_bytes());
    }
    match (fault, error.path().map(ToOwned::to_owned)) {
        (Some(Fault::ErrorsWithoutPath), _) => told.with_source(error),
        (Some(Fault::ErrorsWithoutSource), Some(path)) => told.with_path(path),
        (Some(Fault::ErrorsWithoutSource), None) => told,
        (_, Some(path)) => told.with_path(path).with_source(error),
        (_, None) => told.with_source(error),
    }
}
