//! Running the commands of the program.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use arbour::{DynStore, KvStore as _, StoreOptions};
use indicatif::HumanCount;

use crate::arguments::{Arguments, Command, ScopeArguments};
use crate::database::{Database, Finding, Report, Scope};
use crate::failure::Failure;
use crate::import::{Progress, import};

/// Runs a command and returns the exit code.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if let Command::Import { file } = &arguments.command {
        return import_file(arguments, file);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    // Only commands that store variables make a store; the others would hide a mistyped path.
    let database = open(arguments, matches!(arguments.command, Command::Set { .. }))?;
    let variables = &database.variables;
    let mut code = ExitCode::SUCCESS;
    match &arguments.command {
        Command::Import { .. } => {}
        Command::List(scope) => {
            for (name, value) in variables.list(scope.as_scope())? {
                writeln!(out, "{name}\t{value}")?;
            }
        }
        Command::Get(variable) => {
            let value = variables.get(variable.scope.as_scope(), &variable.name)?;
            writeln!(out, "{value}")?;
        }
        Command::Set { variable, value } => {
            variables.set(variable.scope.as_scope(), &variable.name, *value)?;
        }
        Command::Delete(variable) => {
            variables.delete(variable.scope.as_scope(), &variable.name)?;
        }
        Command::Count(scope) => writeln!(out, "{}", variables.count(scope.as_scope())?)?,
        Command::Verify => {
            let report = variables.verify()?;
            code = verified(&report, &mut out)?;
        }
        Command::Repair => {
            let report = variables.repair()?;
            code = repaired(&database, &report, &mut out)?;
        }
    }
    database.store().close()?;
    out.flush()?;
    Ok(code)
}

impl ScopeArguments {
    fn as_scope(&self) -> Scope<'_> {
        Scope { user: &self.user, room: &self.room }
    }
}

fn open(arguments: &Arguments, create: bool) -> Result<Database<DynStore>, Failure> {
    let store = arbour::open_with(&arguments.store, &StoreOptions::new().create(create))?;
    Ok(Database::open(store, arguments.limit)?)
}

fn import_file(arguments: &Arguments, file: &Path) -> Result<ExitCode, Failure> {
    let summary = if file == Path::new("-") {
        let database = open(arguments, true)?;
        let summary = import(&database, io::stdin().lock(), &Progress::new(None))?;
        database.store().close()?;
        summary
    } else {
        let unreadable = |cause| Failure::Input { path: file.to_owned(), cause };
        // Before the store is opened, so that none is made for a missing file.
        let input = File::open(file).map_err(unreadable)?;
        let metadata = input.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(unreadable(io::ErrorKind::IsADirectory.into()));
        }
        let length = metadata.is_file().then_some(metadata.len());
        let database = open(arguments, true)?;
        let summary = import(&database, BufReader::new(input), &Progress::new(length))?;
        database.store().close()?;
        summary
    };
    writeln!(io::stdout(), "{summary}")?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the problems for programs, and their meaning for people on the standard error.
fn verified(report: &Report, out: &mut impl Write) -> Result<ExitCode, Failure> {
    report.findings.iter().try_for_each(|finding| print(finding, out))?;
    out.flush()?;
    let found = match report.findings.len() {
        0 => "all is right".to_owned(),
        many => format!(
            "{} not right; repair corrects the counts",
            counted(many, "entry is", "entries are")
        ),
    };
    eprintln!("{}: {found}", size(report));
    Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints the remaining problems; fails if there are any.
fn repaired(
    database: &Database<DynStore>,
    report: &Report,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    let (corrected, left): (Vec<_>, Vec<_>) =
        report.findings.iter().partition(|finding| database.variables.is_of_counts(finding));
    left.iter().try_for_each(|finding| print(finding, out))?;
    out.flush()?;
    let mut done = match corrected.len() {
        0 => "nothing to correct".to_owned(),
        many => format!("{} corrected", counted(many, "count", "counts")),
    };
    if !left.is_empty() {
        let left = counted(left.len(), "variable is", "variables are");
        done += &format!("; {left} left that cannot be read: set or delete what has a name");
    }
    eprintln!("{}: {done}", size(report));
    Ok(if left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(finding: &Finding, out: &mut impl Write) -> io::Result<()> {
    match finding {
        Finding::Wrong { user, room, stored, actual } => {
            writeln!(out, "wrong\t{user}\t{room}\t{stored}\t{actual}")
        }
        Finding::Missing { user, room, actual } => {
            writeln!(out, "missing\t{user}\t{room}\t{actual}")
        }
        Finding::Surplus { user, room, stored } => {
            writeln!(out, "surplus\t{user}\t{room}\t{stored}")
        }
        Finding::Undecodable(error) => writeln!(out, "undecodable\t{error}"),
    }
}

fn size(report: &Report) -> String {
    let variables = HumanCount(report.variables);
    let scopes = HumanCount(report.scopes);
    format!("{variables} variables, {scopes} counts")
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
