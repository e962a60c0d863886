//! The program on a store in a folder of its own, and a connection to it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::client::Client;

/// A folder for a store.
pub(crate) struct Bed {
    pub(crate) folder: TempDir,
    engine: &'static str,
}

impl Bed {
    pub(crate) fn of(engine: &'static str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), engine }
    }

    pub(crate) fn url(&self) -> String {
        match self.engine {
            "memory" => "memory:".to_owned(),
            engine => format!("{engine}:{}", self.folder.path().join("store").display()),
        }
    }

    /// Starts the program.
    pub(crate) fn serve(&self) -> Desk {
        let mut child = Command::new(env!("CARGO_BIN_EXE_helpdesk"))
            .args(["--store", &self.url(), "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").map(str::parse);
        let Some(Ok(address)) = address else {
            let mut err = String::new();
            child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
            unreachable!("it does not listen: {line}{err}")
        };
        let runtime = Runtime::new().unwrap();
        let client = runtime.block_on(Client::connect(address)).unwrap();
        Desk { child, _out: out, address, runtime, client }
    }
}

/// The program as it runs, and a connection to it. It is killed if the test fails.
pub(crate) struct Desk {
    child: Child,
    /// Kept open, so that the program can write to it.
    _out: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
    pub(crate) runtime: Runtime,
    client: Client,
}

impl Desk {
    /// Sends a request, and returns the status and the JSON of the response; `null` for an empty one.
    pub(crate) fn request(&mut self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = self.client.json(method, path, &body);
        let (status, body) = self.runtime.block_on(request).unwrap();
        let json =
            if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        (status.as_u16(), json)
    }

    pub(crate) fn get(&mut self, path: &str) -> (u16, Value) {
        self.request("GET", path, Value::Null)
    }

    pub(crate) fn post(&mut self, path: &str, body: Value) -> (u16, Value) {
        self.request("POST", path, body)
    }

    /// Opens another connection.
    pub(crate) fn connect(&self) -> Client {
        self.runtime.block_on(Client::connect(self.address)).unwrap()
    }

    /// Asks the program to stop, as an operator does.
    pub(crate) fn terminate(&self) {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(killed.success());
    }

    /// Waits until the program has ended, and returns what it wrote on the standard error.
    pub(crate) fn end(&mut self) -> (ExitStatus, String) {
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap(), err)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
