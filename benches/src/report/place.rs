//! The folders of figures and report: in Cargo's target folder.

use std::env;
use std::path::{Path, PathBuf};

/// Returns Cargo's target folder: `CARGO_TARGET_DIR`, otherwise the one in which this program was
/// built, otherwise `target`.
///
/// ```
/// assert!(arbour_benches::report::target_folder().exists());
/// ```
#[must_use]
pub fn target_folder() -> PathBuf {
    let built_in = || {
        let program = env::current_exe().ok()?;
        // Cargo marks the folder, however deep a target or a profile puts the program.
        let mut folders = program.ancestors();
        folders.find(|folder| folder.join("CACHEDIR.TAG").exists()).map(Path::to_owned)
    };
    let named = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    // A relative path refers to the folder from which Cargo was called, which is not known here.
    named
        .filter(|named| named.is_absolute())
        .or_else(built_in)
        .unwrap_or_else(|| PathBuf::from("target"))
}

/// Returns where criterion keeps the figures of a run. Those of quick runs are kept separately.
///
/// ```
/// use arbour_benches::report::figures_folder;
/// let target = std::path::Path::new("target");
/// assert!(figures_folder(target, false).ends_with("criterion"));
/// assert_ne!(figures_folder(target, true), figures_folder(target, false));
/// ```
#[must_use]
pub fn figures_folder(target: &Path, quick: bool) -> PathBuf {
    target.join(if quick { "criterion-quick" } else { "criterion" })
}

/// Returns where the report is written.
///
/// ```
/// use arbour_benches::report::report_folder;
/// assert!(report_folder("target".as_ref()).ends_with("arbour-report"));
/// ```
#[must_use]
pub fn report_folder(target: &Path) -> PathBuf {
    target.join("arbour-report")
}
