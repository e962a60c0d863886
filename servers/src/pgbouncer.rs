//! A pooler between programs and a PostgreSQL server.

use std::fs;
use std::io;
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::postgres::Postgres;
use crate::program::{command, free_port, server_user};
use crate::watchdog::Watchdog;

/// A PgBouncer of one's own in front of a server. It needs the Debian package `pgbouncer`.
#[derive(Debug)]
pub struct PgBouncer {
    port: u16,
    process: Child,
    _watchdog: Watchdog,
    _folder: TempDir,
}

/// How long a connection to the server is given to one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMode {
    /// As long as the program is connected.
    Session,
    /// For one transaction.
    Transaction,
}

impl PgBouncer {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// What the operating system reports, or that it does not answer.
    pub fn start(server: &Postgres, mode: PoolMode) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("arbour-pgbouncer-").tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))?;
        let own = folder.path().join("own");
        fs::create_dir(&own)?;
        if let Some((user, group)) = server_user()? {
            chown(&own, Some(user), Some(group))?;
        }
        let (users, settings, pid) = (own.join("users"), own.join("settings.ini"), own.join("pid"));
        fs::write(&users, "\"arbour\" \"\"\n")?;
        let port = free_port()?;
        let mode = match mode {
            PoolMode::Session => "session",
            PoolMode::Transaction => "transaction",
        };
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\n\
             pool_mode = {mode}\npidfile = {}\n",
            server.port(),
            users.display(),
            pid.display(),
        );
        fs::write(&settings, text)?;
        let watchdog = Watchdog::start(&pid, [folder.path(), &own])?;
        let mut program = command("pgbouncer")?;
        program.arg(&settings).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut pooler =
            Self { port, process: program.spawn()?, _watchdog: watchdog, _folder: folder };
        pooler.wait_until_ready()?;
        Ok(pooler)
    }

    fn wait_until_ready(&mut self) -> io::Result<()> {
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.process.try_wait()?;
            if ended.is_some() || begin.elapsed() > Duration::from_secs(20) {
                return Err(io::Error::other(format!("PgBouncer does not start: {ended:?}")));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Returns the address of a store in a schema of the server's database, by way of the pooler.
    #[must_use]
    pub fn url(&self, schema: &str) -> String {
        format!("postgres://arbour@127.0.0.1:{}/postgres?schema={schema}", self.port)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // The watchdog does what fails here.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
