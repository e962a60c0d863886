//! Programs of Debian's packages, run as a user that they accept.

use std::env;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

pub(crate) fn run(
    program: &str,
    arguments: impl Fn(&mut Command) -> &mut Command,
) -> io::Result<Output> {
    let mut command = command(program)?;
    arguments(&mut command).stdin(Stdio::null()).output()
}

/// A program of PostgreSQL, run as a user that it accepts.
pub(crate) fn command(program: &str) -> io::Result<Command> {
    let mut command = Command::new(path_of(program)?);
    // Where the user may not be, some of the programs refuse to start.
    command.current_dir("/").env("LC_ALL", "C");
    if let Some((user, group)) = server_user()? {
        command.uid(user).gid(group);
    }
    Ok(command)
}

pub(crate) fn failed(program: &str, output: &Output) -> io::Error {
    io::Error::other(format!("{program} failed: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Debian keeps the programs of the server out of the way, in a folder for each version.
fn path_of(program: &str) -> io::Result<PathBuf> {
    let mut folders: Vec<PathBuf> = match fs::read_dir("/usr/lib/postgresql") {
        Ok(versions) => versions.flatten().map(|version| version.path().join("bin")).collect(),
        Err(_) => Vec::new(),
    };
    folders.sort();
    // Not everybody looks there for programs.
    folders.insert(0, "/usr/sbin".into());
    let path = env::var_os("PATH").unwrap_or_default();
    let mut found = folders.into_iter().rev().chain(env::split_paths(&path));
    found.find_map(|folder| Some(folder.join(program)).filter(|path| path.is_file())).ok_or_else(
        || {
            let message = format!(
                "there is no {program}: install the Debian packages `postgresql` and `pgbouncer`, or what \
                 has the programs of PostgreSQL and PgBouncer elsewhere"
            );
            io::Error::new(io::ErrorKind::NotFound, message)
        },
    )
}

/// The user and group to run the server as, if this process is root's.
pub(crate) fn server_user() -> io::Result<Option<(u32, u32)>> {
    use std::os::unix::fs::MetadataExt;
    if fs::metadata("/proc/self").map_or(true, |own| own.uid() != 0) {
        return Ok(None);
    }
    let users = fs::read_to_string(Path::new("/etc/passwd"))?;
    let entry = users.lines().find_map(|line| {
        let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    entry
        .map(Some)
        .ok_or_else(|| io::Error::other("there is no user `postgres` to run the server as"))
}
