//! Running the commands of the program.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use arbour::{DynStore, KvStore as _, StoreOptions};

use crate::arguments::{Arguments, Command};
use crate::database::{Database, LIMIT_DEFAULT, RoomInfo};
use crate::failure::Failure;
use crate::migrating;

/// Runs a command and returns the exit code.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    // Only commands that store something make a store; the others would hide a mistyped path.
    let create = matches!(
        arguments.command,
        Command::Info { name: Some(_), .. }
            | Command::Join { .. }
            | Command::Process { .. }
            | Command::Device { id: Some(_) }
    );
    let store = arbour::open_with(&arguments.store, &StoreOptions::new().create(create))?;
    let code = match &arguments.command {
        Command::Plan => migrating::plan(&store, &mut out)?,
        Command::Migrate { to } => migrating::migrate(&store, *to, &mut out)?,
        command => {
            let database = Database::open(store.clone(), LIMIT_DEFAULT)?;
            with_database(&database, command, &mut out)?
        }
    };
    store.close()?;
    out.flush()?;
    Ok(code)
}

fn with_database(
    database: &Database<DynStore>,
    command: &Command,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    let Database { rooms, state, .. } = database;
    match command {
        Command::Plan | Command::Migrate { .. } => {}
        Command::Status => migrating::status(database, out)?,
        Command::Unreadable => {
            for entry in database.migrations.unreadable()? {
                let (key, value) = (entry.key.escape_ascii(), entry.value.escape_ascii());
                writeln!(out, "{key}\t{value}")?;
            }
        }
        Command::Info { room, name: Some(name) } => {
            rooms.set_info(&RoomInfo { room_id: room.clone(), room_name: name.clone() })?;
        }
        Command::Info { room, name: None } => {
            let info =
                rooms.info(room)?.ok_or_else(|| Failure::Unknown(format!("room {room:?}")))?;
            writeln!(out, "{}", info.room_name)?;
        }
        Command::Join { room, user } => rooms.add_user(room, user)?,
        Command::Leave { room, user } => rooms.remove_user(room, user)?,
        Command::Users { room } => print_lines(rooms.users(room)?, out)?,
        Command::Rooms { user } => print_lines(rooms.rooms_of(user)?, out)?,
        Command::Clear { room } => rooms.clear(room)?,
        Command::Process { room, event } => {
            if !rooms.should_process(room, event)? {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Processed { room } => {
            for (seconds, event) in rooms.processed(room)? {
                writeln!(out, "{seconds}\t{event}")?;
            }
        }
        Command::Forget { room, before } => {
            writeln!(out, "{}", rooms.forget_events_before(room, *before)?)?;
        }
        Command::Device { id: Some(id) } => state.set_device_id(id)?,
        Command::Device { id: None } => {
            let id = state.device_id()?.ok_or_else(|| Failure::Unknown("the device".to_owned()))?;
            writeln!(out, "{id}")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_lines(lines: Vec<String>, out: &mut impl Write) -> io::Result<()> {
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}
