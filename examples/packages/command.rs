//! Running the commands of the program.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use arbour::documents::{Collection, ScrubReport};
use arbour::{DynStore, KvRead, KvStore, Result, StoreOptions};
use indicatif::HumanCount;

use crate::arguments::{Arguments, Command};
use crate::collection::{self, INSTALLED_SIZE, SECTION};
use crate::counted::{counted, packages};
use crate::failure::Failure;
use crate::import::import;
use crate::notice;
use crate::package::Package;
use crate::progress::Progress;
use crate::search::search;
use crate::table::{Cell, Table};

/// Runs a command and returns the exit code.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if let Command::Import { strict, file } = &arguments.command {
        return import_file(arguments, file, *strict);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    // Only an import makes a store; the others would hide a mistyped path.
    let store = open(arguments, false)?;
    let code = answer(&store, &arguments.command, &mut out)?;
    store.close()?;
    out.flush()?;
    Ok(code)
}

fn open(arguments: &Arguments, create: bool) -> arbour::Result<DynStore> {
    arbour::open_with(&arguments.store, &StoreOptions::new().create(create))
}

fn import_file(arguments: &Arguments, file: &Path, strict: bool) -> Result<ExitCode, Failure> {
    if file == Path::new("-") {
        return import_from(arguments, io::stdin().lock(), None, strict);
    }
    let unreadable = |cause| Failure::Input { path: file.to_owned(), cause };
    // Before the store is opened, so that none is made for a missing file.
    let input = File::open(file).map_err(unreadable)?;
    let metadata = input.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    let length = metadata.is_file().then_some(metadata.len());
    import_from(arguments, BufReader::new(input), length, strict)
}

fn import_from(
    arguments: &Arguments,
    input: impl BufRead,
    length: Option<u64>,
    strict: bool,
) -> Result<ExitCode, Failure> {
    let store = open(arguments, true)?;
    let packages = collection::open(&store)?;
    let summary = import(&store, &packages, input, &Progress::of_bytes(length))?;
    store.close()?;
    writeln!(io::stdout(), "{summary}")?;
    Ok(if strict && !summary.is_clean() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Answers a question about an existing store.
fn answer<S: KvStore>(
    store: &S,
    command: &Command,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    let packages = collection::open(store)?;
    if let Command::Scrub { mend } = command {
        return scrub(store, &packages, *mend, out);
    }
    let snapshot = store.snapshot()?;
    match command {
        Command::Import { .. } | Command::Scrub { .. } => {}
        Command::Show { name } => {
            let package =
                packages.get(&snapshot, name)?.ok_or_else(|| Failure::NotFound(name.clone()))?;
            writeln!(out, "{}", serde_json::to_string_pretty(&package)?)?;
        }
        Command::Search(arguments) => return search(&snapshot, &packages, arguments, out),
        Command::Sections => sections(&snapshot, &packages)?.print(out)?,
        Command::Stats => stats(&snapshot, &packages)?.print(out)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Lists the sections, each with its packages counted and their installed sizes added up.
fn sections(reader: &impl KvRead, packages: &Collection<Package>) -> Result<Table> {
    let mut table = Table::new(&["section", "packages", "KiB"]);
    let counts = packages.all().count_by(reader, SECTION)?;
    let sizes = packages.all().sum_by(reader, SECTION, INSTALLED_SIZE)?;
    // Both have the same sections in the same order, after the packages that are in none.
    for ((section, count), (_, size)) in counts.into_iter().zip(sizes) {
        let Some(section) = section else { continue };
        let size = u64::try_from(size).ok();
        table.row(vec![Cell::text(&section), Cell::number(count), Cell::number(size)]);
    }
    Ok(table)
}

fn stats(reader: &impl KvRead, packages: &Collection<Package>) -> Result<Table> {
    let all = packages.all();
    let unknown = packages.find(INSTALLED_SIZE.is_null());
    let average = all.average(reader, INSTALLED_SIZE)?;
    let mut table = Table::new(&["what", "value"]);
    for (what, value) in [
        ("packages", Some(all.count(reader)?)),
        ("of unknown size", Some(unknown.count(reader)?)),
        ("smallest, KiB", all.min(reader, INSTALLED_SIZE)?.flatten()),
        ("average, KiB", average.map(|kib| kib.round() as u64)),
        ("largest, KiB", all.max(reader, INSTALLED_SIZE)?.flatten()),
        ("all, KiB", u64::try_from(all.sum(reader, INSTALLED_SIZE)?).ok()),
    ] {
        table.row(vec![Cell::text(what), Cell::number(value)]);
    }
    Ok(table)
}

/// Prints the findings for programs, and their meaning for people on the standard error.
fn scrub<S: KvStore>(
    store: &S,
    packages: &Collection<Package>,
    mend: bool,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    let progress = Progress::of_documents("scrubbing");
    let mut show = |done| {
        progress.at(done);
        ControlFlow::Continue(())
    };
    let report =
        if mend { packages.mend(store, &mut show)? } else { packages.scrub(store, &mut show)? };
    progress.clear();
    for (index, id) in &report.missing {
        writeln!(out, "missing\t{index}\t{id}")?;
    }
    for (index, key) in &report.dangling {
        writeln!(out, "dangling\t{index}\t{key}")?;
    }
    for error in &report.unreadable {
        writeln!(out, "unreadable\t{error}")?;
    }
    out.flush()?;
    notice::print(format_args!("{}", verdict(&report, mend)));
    let is_sound = report.is_clean() || (mend && report.unreadable_count == 0);
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn verdict(report: &ScrubReport, mend: bool) -> String {
    let entries = counted(report.entries, "entry of an index", "entries of indexes");
    let mut line = format!("{}, {entries}: ", packages(report.documents));
    if report.is_clean() {
        return line + "all is right";
    }
    let (missing, dangling) = (report.missing_count, report.dangling_count);
    line += &format!("{} missing, {} dangling", HumanCount(missing), HumanCount(dangling));
    match (missing + dangling, mend) {
        (0, _) => {}
        (_, true) => line += ", mended",
        (_, false) => line += "; scrub --mend mends them",
    }
    if report.unreadable_count > 0 {
        let unreadable = packages(report.unreadable_count);
        line += &format!("; {unreadable} cannot be read: import what was there again");
    }
    line
}
