//! A PostgreSQL server.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::program::{command, failed, free_port, run, server_user};
use crate::watchdog::Watchdog;

/// How long a server may take to start.
const START_MAX: Duration = Duration::from_secs(60);

/// A PostgreSQL server of one's own, in a temporary folder.
///
/// It needs PostgreSQL 15 or later: the Debian package `postgresql`. Who runs it as root, for whom the
/// server refuses to run, gets it run as the user `postgres`. Its role is `arbour`, which may do everything without a
/// password; a role `guarded`, if a test creates it, needs one.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    settings: Vec<String>,
    process: Mutex<Option<Child>>,
    _watchdog: Watchdog,
    folder: TempDir,
}

impl Postgres {
    /// Creates a database and starts a server for it, with settings such as `"max_connections=50"`.
    ///
    /// # Errors
    /// What the file system or the server reports.
    pub fn start(settings: &[&str]) -> io::Result<Self> {
        Self::start_with(settings, |_| Ok(()))
    }

    /// Starts a server that accepts only encrypted connections. Its certificate is for the name
    /// `localhost`, and the certificate of its issuer is in [a file](Self::issuer).
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_encrypted() -> io::Result<Self> {
        let server = Self::start_with(&["ssl=on"], |data| {
            let made = crate::certificate::write(data)?;
            fs::write(data.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n")?;
            if let Some((user, group)) = server_user()? {
                made.iter().try_for_each(|file| chown(file, Some(user), Some(group)))?;
            }
            Ok(())
        })?;
        fs::copy(server.data().join(crate::certificate::ISSUER), server.issuer())?;
        Ok(server)
    }

    /// Returns the file with the certificate of the issuer of its own, if it was started
    /// [encrypted](Self::start_encrypted).
    #[must_use]
    pub fn issuer(&self) -> PathBuf {
        self.folder.path().join(crate::certificate::ISSUER)
    }

    fn start_with(
        settings: &[&str],
        prepare: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<Self> {
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let server = Self::new(settings)?;
        let data = server.data();
        let options =
            ["--auth=trust", "--encoding=UTF8", "--locale=C", "--username=arbour", "--no-sync"];
        let made = run("initdb", |command| command.arg("-D").arg(&data).args(options))?;
        if !made.status.success() {
            return Err(failed("initdb", &made));
        }
        // One role has to give a password, so that passwords can be tested.
        let rules = data.join("pg_hba.conf");
        let trusting = fs::read_to_string(&rules)?;
        fs::write(&rules, format!("host all guarded 127.0.0.1/32 scram-sha-256\n{trusting}"))?;
        prepare(&data)?;
        server.run()?;
        Ok(server)
    }

    /// A server that has no database yet and does not run.
    fn new(settings: Vec<String>) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("arbour-postgres-").tempdir()?;
        // Its parents are passed through by the user of the server.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))?;
        let data = folder.path().join("data");
        make_folder(&data)?;
        let watchdog = Watchdog::start(
            &data.join("postmaster.pid"),
            [folder.path(), &shared_by(process::id())],
        )?;
        let port = free_port()?;
        Ok(Self { port, settings, process: Mutex::default(), _watchdog: watchdog, folder })
    }

    /// Starts a standby of it, with the same settings: it has what the server has, can be read, and takes
    /// over once it is [promoted](Self::promote).
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_standby(&self) -> io::Result<Self> {
        let standby = Self::new(self.settings.clone())?;
        standby.follow(self)?;
        Ok(standby)
    }

    /// Makes it a standby of another server. What it had itself is removed.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn follow(&self, primary: &Self) -> io::Result<()> {
        self.kill()?;
        let data = self.data();
        let begin = Instant::now();
        // The processes of a server that was killed notice it within a moment, and write until then.
        while let Err(error) = fs::remove_dir_all(&data) {
            if begin.elapsed() > START_MAX {
                return Err(error);
            }
            thread::sleep(Duration::from_millis(20));
        }
        make_folder(&data)?;
        let copied = run("pg_basebackup", |command| {
            let options = ["-R", "--checkpoint=fast", "--no-sync"];
            command.arg("-d").arg(primary.database()).arg("-D").arg(&data).args(options)
        })?;
        if !copied.status.success() {
            return Err(failed("pg_basebackup", &copied));
        }
        self.run()
    }

    /// Makes a standby take over. It returns once it can be written.
    ///
    /// # Errors
    /// What the server answers.
    pub fn promote(&self) -> io::Result<()> {
        self.sql("DO $$ BEGIN ASSERT pg_promote(true, 60); END $$")
    }

    /// The server that all tests of this process share. It is started when it is first asked for.
    ///
    /// # Panics
    /// If it does not start: then no test can pass.
    #[must_use]
    #[expect(clippy::panic, reason = "no test can pass without the server")]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        let start = || {
            let server = Self::start(&["max_connections=400"])?;
            fs::write(shared_by(process::id()), server.url(""))?;
            Ok::<_, io::Error>(server)
        };
        SHARED.get_or_init(|| match start() {
            Ok(server) => server,
            Err(error) => panic!("PostgreSQL cannot be started: {error}"),
        })
    }

    /// Returns the address of a store on the server that tests share: the one that the environment
    /// variable `ARBOUR_POSTGRES_URL` names, that of the process which started this one, or one of its
    /// own. The variable is an address without a schema, as in `postgres://user@host/database`.
    ///
    /// # Panics
    /// As [`shared`](Self::shared).
    #[must_use]
    pub fn shared_url(schema: &str) -> String {
        if let Ok(url) = env::var("ARBOUR_POSTGRES_URL") {
            return format!("{url}?schema={schema}");
        }
        match fs::read_to_string(shared_by(std::os::unix::process::parent_id())) {
            Ok(url) => url + schema,
            Err(_) => Self::shared().url(schema),
        }
    }

    /// Returns the address of a store in a schema of its database.
    #[must_use]
    pub fn url(&self, schema: &str) -> String {
        format!("{}?schema={schema}", self.database())
    }

    /// Runs SQL text.
    ///
    /// # Errors
    /// What the server answers.
    pub fn sql(&self, text: &str) -> io::Result<()> {
        // As a file and not as an argument, which may not be that long.
        let file = tempfile::Builder::new().suffix(".sql").tempfile()?;
        fs::write(file.path(), text)?;
        let options = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-f", "-"];
        let mut client = command("psql")?;
        client.arg(self.database()).args(options).stdin(fs::File::open(file.path())?);
        let ran = client.stdout(Stdio::null()).output()?;
        if ran.status.success() { Ok(()) } else { Err(failed("psql", &ran)) }
    }

    /// Returns the SQL text that makes a schema again.
    ///
    /// # Errors
    /// What the server answers.
    pub fn dump(&self, schema: &str) -> io::Result<String> {
        let options = ["--no-owner", "--no-privileges", "--schema", schema];
        let ran = run("pg_dump", |command| command.arg(self.database()).args(options))?;
        if !ran.status.success() {
            return Err(failed("pg_dump", &ran));
        }
        let text = String::from_utf8(ran.stdout).map_err(io::Error::other)?;
        // Commands of the newest clients, which others refuse.
        let lines = text.lines().filter(|line| !line.starts_with('\\'));
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    fn database(&self) -> String {
        format!("postgres://arbour@127.0.0.1:{}/postgres", self.port)
    }

    /// Returns its port at the address 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills it, as a loss of power would: nothing is written any more.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn kill(&self) -> io::Result<()> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut process) = process.take() else { return Ok(()) };
        process.kill()?;
        process.wait()?;
        Ok(())
    }

    /// Starts it again after it was killed.
    ///
    /// # Errors
    /// What the server reports.
    pub fn run(&self) -> io::Result<()> {
        let data = self.data();
        let log =
            fs::File::options().create(true).append(true).open(self.folder.path().join("log"))?;
        let mut command = command("postgres")?;
        command.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-k", ""]);
        command.args(["-p", &self.port.to_string()]);
        // A test writes little.
        command.args(["-c", "shared_buffers=32MB", "-c", "max_wal_size=128MB"]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        let begin = Instant::now();
        while !self.is_ready()? {
            if begin.elapsed() > START_MAX {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                return Err(io::Error::other(format!("the server does not start: {log}")));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn is_ready(&self) -> io::Result<bool> {
        let port = self.port.to_string();
        let asked =
            run("pg_isready", |command| command.args(["-q", "-h", "127.0.0.1", "-p", &port]))?;
        Ok(asked.status.success())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The watchdog does what fails here.
        let _ = self.kill();
    }
}

fn make_folder(data: &Path) -> io::Result<()> {
    fs::create_dir(data)?;
    if let Some((user, group)) = server_user()? {
        chown(data, Some(user), Some(group))?;
    }
    fs::set_permissions(data, fs::Permissions::from_mode(0o700))
}

/// The file with the address of the server that a process shares with those that it starts.
fn shared_by(process: u32) -> PathBuf {
    env::temp_dir().join(format!("arbour-postgres-of-{process}"))
}
