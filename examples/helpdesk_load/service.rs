//! The services to measure, as programs beside this one.

use std::env::current_exe;
use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A service.
pub(crate) struct Service {
    pub(crate) name: &'static str,
    program: &'static str,
    /// The engine of the help desk; `None` for the service written by hand.
    engine: Option<&'static str>,
}

pub(crate) const SERVICES: [Service; 3] = [
    Service { name: "by hand", program: "helpdesk_by_hand", engine: None },
    Service { name: "sqlite", program: "helpdesk", engine: Some("sqlite") },
    Service { name: "redb", program: "helpdesk", engine: Some("redb") },
];

/// A service that runs on a store of its own, until it is dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Service {
    pub(crate) fn start(&self) -> io::Result<Running> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("desk");
        let mut command = Command::new(current_exe()?.with_file_name(self.program));
        match self.engine {
            None => command.arg(&file),
            Some(engine) => command
                .arg(format!("--store={engine}:{}", file.display()))
                .arg("--listen=127.0.0.1:0"),
        };
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let address = line.trim().rsplit('/').next().and_then(|address| address.parse().ok());
        let address =
            address.ok_or_else(|| io::Error::other(format!("{} does not listen", self.name)))?;
        Ok(Running { child, address, _folder: folder })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
