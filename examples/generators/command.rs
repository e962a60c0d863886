//! Running the commands of the program.

use std::io::{self, BufWriter, Write};

use arbour::StoreOptions;
use arbour::migrations::Run;

use crate::arguments::{Arguments, Command};
use crate::database::{self, Database, Op};
use crate::failure::Failure;
use crate::{input, upgrades};

/// Runs a command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    // Before the store is opened, so that none is made for input that cannot be read.
    let ops = match &arguments.command {
        Command::Batch { file } => input::read(file)?,
        _ => Vec::new(),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let database = open(arguments)?;
    match &arguments.command {
        Command::Put { key, value } => database.put(key, value)?,
        Command::Get { key } => {
            let value = database.get(key)?.ok_or_else(|| Failure::NotFound(key.clone()))?;
            writeln!(out, "{value}")?;
        }
        Command::Del { key } => database.del(key)?,
        Command::Keys { prefix } => print_lines(&database.keys(prefix)?, &mut out)?,
        Command::GetAll { prefix } => {
            for (key, value) in database.get_all(prefix)? {
                serde_json::to_writer(&mut out, &Op::put(key, value))?;
                writeln!(out)?;
            }
        }
        Command::Batch { .. } => {
            database.batch(&ops)?;
            writeln!(out, "{}", counted(ops.len(), "operation"))?;
        }
        Command::DeleteEvent { id } => {
            let gone = database.delete_event(id)?;
            if gone.is_empty() {
                return Err(Failure::NoEvent(id.clone()));
            }
            print_lines(&gone, &mut out)?;
        }
        Command::Migrate => {
            let ran = database.migrate(&upgrades::all(), &Run::default())?;
            let status = database.status()?;
            let (version, replica) = (status.version, status.replica);
            let ran = counted(ran, "upgrade");
            writeln!(out, "{ran}: version {version} in replica {replica}")?;
        }
        Command::Status => {
            let status = database.status()?;
            writeln!(out, "replica\t{}", status.replica)?;
            writeln!(out, "version\t{}", status.version)?;
            writeln!(out, "entries\t{}", status.nodes)?;
        }
    }
    database.close()?;
    out.flush()?;
    Ok(())
}

/// Opens the database. Only commands that store something make one; the others would hide a
/// mistyped path.
fn open(arguments: &Arguments) -> Result<Database, Failure> {
    let create = matches!(arguments.command, Command::Put { .. } | Command::Batch { .. });
    Ok(database::get(&arguments.store, &StoreOptions::new().create(create))?)
}

fn print_lines(lines: &[String], out: &mut impl Write) -> io::Result<()> {
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
