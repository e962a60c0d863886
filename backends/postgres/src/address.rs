//! The address of a store: `postgres://user@host1,host2/database?schema=app`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use arbour_core::Result;
use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::encryption::{Encryption, Wanted};
use crate::environment::variable;
use crate::error::refuse;
use crate::password_file;

/// How long a request may take unless the address says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How many connections a store has at most unless the address says otherwise.
const CONNECTIONS: usize = 32;

/// Where a store is, and how it is used.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) config: Config,
    /// The name of the schema that holds the store.
    pub(crate) schema: String,
    pub(crate) connections: usize,
    pub(crate) timeout: Duration,
    /// Absent if connections are not to be encrypted.
    pub(crate) encryption: Option<Encryption>,
    /// Where passwords are looked up that the address does not say.
    password_file: Option<PathBuf>,
    /// What errors call the store: its address without a password.
    pub(crate) name: PathBuf,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name.display())
    }
}

impl Address {
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let (server, pairs) = url.split_once('?').unwrap_or((url, ""));
        let mut rest = Vec::new();
        let mut wanted = Wanted::default();
        let mut address = Self {
            config: Config::new(),
            schema: "arbour".to_owned(),
            connections: CONNECTIONS,
            timeout: TIMEOUT,
            encryption: None,
            password_file: None,
            name: PathBuf::new(),
        };
        for pair in pairs.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("schema", schema) => address.schema = valid_schema(schema)?.to_owned(),
                ("connections", value) => {
                    let count = value.parse().ok().filter(|count| (4..=1000).contains(count));
                    address.connections = count.ok_or_else(|| {
                        refuse(format!("\"connections={value}\": `connections` is 4 to 1000"))
                    })?;
                }
                ("timeout", value) => {
                    let seconds = value.parse().ok().filter(|seconds| *seconds > 0);
                    address.timeout = seconds.map(Duration::from_secs).ok_or_else(|| {
                        refuse(format!("\"timeout={value}\": `timeout` is a number of seconds"))
                    })?;
                }
                ("passfile", path) => address.password_file = Some(decoded(path).into()),
                (name, value) if wanted.set(name, || decoded(value)) => {}
                _ => rest.push(pair),
            }
        }
        let server = match rest.is_empty() {
            true => server.to_owned(),
            false => format!("{server}?{}", rest.join("&")),
        };
        address.config = Config::from_str(&server).map_err(|cause| {
            refuse("the address of the server cannot be read".to_owned()).with_source(cause)
        })?;
        address.complete()?;
        address.encryption = wanted.encryption()?;
        Ok(address)
    }

    /// Takes from the usual environment variables what the address does not say.
    fn complete(&mut self) -> Result<()> {
        if self.config.get_hosts().is_empty() && self.config.get_hostaddrs().is_empty() {
            let Some(host) = variable("PGHOST") else {
                let message =
                    "the address names no server: write postgres://host/database, or set PGHOST";
                return Err(refuse(message.to_owned()));
            };
            self.config.host(host);
            if let Some(port) = variable("PGPORT").and_then(|port| port.parse().ok()) {
                self.config.port(port);
            }
        }
        if self.config.get_user().is_none() {
            let user = variable("PGUSER").or_else(|| variable("USER"));
            self.config.user(user.unwrap_or_else(|| "postgres".to_owned()));
        }
        if self.config.get_dbname().is_none() {
            let database =
                variable("PGDATABASE").or_else(|| self.config.get_user().map(str::to_owned));
            self.config.dbname(database.unwrap_or_default());
        }
        let password = variable("PGPASSWORD").filter(|_| self.config.get_password().is_none());
        if let Some(password) = password {
            self.config.password(password);
        }
        if self.password_file.is_none() {
            self.password_file = variable("PGPASSFILE").map(PathBuf::from);
        }
        if self.password_file.is_none() {
            self.password_file = std::env::home_dir().map(|home| home.join(".pgpass"));
        }
        if self.config.get_application_name().is_none() {
            self.config.application_name("arbour");
        }
        self.name = self.without_password().into();
        Ok(())
    }

    fn without_password(&self) -> String {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        let hosts = hosts.collect::<Vec<_>>().join(",");
        let database = self.config.get_dbname().unwrap_or_default();
        format!("postgres://{hosts}/{database}?schema={}", self.schema)
    }

    /// Returns how to connect to one of the servers.
    ///
    /// # Errors
    /// As [`password_file::find`].
    pub(crate) fn config_for(&self, host: &Host, port: u16) -> Result<Config> {
        let mut config = self.config.clone();
        let name = match host {
            Host::Tcp(name) => {
                config
                    .ssl_mode(self.encryption.as_ref().map_or(SslMode::Disable, Encryption::mode));
                name.as_str()
            }
            // A socket of this machine is not encrypted, and its passwords are those of its name.
            Host::Unix(_) => {
                config.ssl_mode(SslMode::Disable);
                "localhost"
            }
        };
        if let (None, Some(file)) = (config.get_password(), &self.password_file) {
            let database = config.get_dbname().unwrap_or_default();
            let user = config.get_user().unwrap_or_default();
            let asked = [name, &port.to_string(), database, user];
            if let Some(password) = password_file::find(file, asked)? {
                config.password(password);
            }
        }
        Ok(config)
    }

    /// The servers in the order in which they are tried.
    pub(crate) fn servers(&self) -> impl Iterator<Item = (&Host, u16)> {
        let ports = self.config.get_ports();
        self.config.get_hosts().iter().enumerate().map(|(place, host)| {
            let port = ports.get(place).or_else(|| ports.last()).copied().unwrap_or(5432);
            (host, port)
        })
    }
}

/// Decodes a value of the address, in which `%20` is a space.
fn decoded(value: &str) -> String {
    percent_decode_str(value).decode_utf8_lossy().into_owned()
}

/// A schema has a name that needs no quotes: a letter, then letters, digits and `_`.
fn valid_schema(schema: &str) -> Result<&str> {
    let mut letters = schema.chars();
    let begins = letters.next().is_some_and(|first| first.is_ascii_lowercase() || first == '_');
    let goes_on =
        letters.all(|next| next.is_ascii_lowercase() || next.is_ascii_digit() || next == '_');
    if begins && goes_on && schema.len() <= 63 && !schema.starts_with("pg_") {
        return Ok(schema);
    }
    Err(refuse(format!(
        "\"schema={schema}\": a schema has up to 63 lowercase letters, digits and underscores, begins with a \
         letter, and not with pg_"
    )))
}
