//! Encrypted connections, asked for as PostgreSQL's own programs do: by `sslmode` and its companions.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arbour_core::{Error, Result};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::environment::variable;
use crate::error::refuse;
use crate::socket::Socket;

/// What an address says of encryption.
#[derive(Default)]
pub(crate) struct Wanted {
    mode: Option<String>,
    issuers: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

/// How connections are encrypted.
#[derive(Clone)]
pub(crate) struct Encryption {
    mode: SslMode,
    connector: MakeRustlsConnect,
}

impl Encryption {
    /// What the server is asked for.
    pub(crate) fn mode(&self) -> SslMode {
        self.mode
    }

    /// Returns what encrypts one connection to a server of this name.
    pub(crate) fn with(
        &self,
        host: &str,
    ) -> Result<<MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect> {
        MakeTlsConnect::<Socket>::make_tls_connect(&mut self.connector.clone(), host)
            .map_err(|never| match never {})
    }
}

impl Wanted {
    /// Takes an option of the address if it is about encryption, and says whether it is.
    pub(crate) fn set(&mut self, name: &str, value: impl Fn() -> String) -> bool {
        match name {
            "sslmode" => self.mode = Some(value()),
            "sslrootcert" => self.issuers = Some(value().into()),
            "sslcert" => self.certificate = Some(value().into()),
            "sslkey" => self.key = Some(value().into()),
            _ => return false,
        }
        true
    }

    /// Returns what is wanted; what is not said is taken from the usual environment variables.
    ///
    /// # Errors
    /// [`InvalidArgument`](arbour_core::ErrorKind::InvalidArgument) for an unknown mode, and for files that do not hold what
    /// they should.
    pub(crate) fn encryption(self) -> Result<Option<Encryption>> {
        let path = |said: Option<PathBuf>, name| said.or_else(|| variable(name).map(Into::into));
        let issuers = path(self.issuers, "PGSSLROOTCERT");
        let certificate = path(self.certificate, "PGSSLCERT");
        let key = path(self.key, "PGSSLKEY");
        let mode = self.mode.or_else(|| variable("PGSSLMODE"));
        let provider = Arc::new(ring::default_provider());
        let verified = |checks_name| Verifier::new(&provider, issuers.as_deref(), checks_name);
        let (mode, verifier) = match mode.as_deref().unwrap_or("prefer") {
            "disable" => return Ok(None),
            "prefer" => (SslMode::Prefer, Verifier::of_anyone(&provider)),
            // Where the issuer is named, it is checked, as psql does.
            "require" if issuers.is_none() => (SslMode::Require, Verifier::of_anyone(&provider)),
            "require" | "verify-ca" => (SslMode::Require, verified(false)?),
            "verify-full" => (SslMode::Require, verified(true)?),
            other => {
                return Err(refuse(format!(
                    "\"sslmode={other}\": `sslmode` is `disable`, `prefer`, `require`, `verify-ca` or `verify-full`"
                )));
            }
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|cause| refuse("TLS cannot be used".to_owned()).with_source(cause))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let config = match (certificate, key) {
            (Some(certificate), Some(key)) => {
                let chain = certificates(&certificate)?;
                let key = PrivateKeyDer::from_pem_file(&key).map_err(|cause| bad(&key, cause))?;
                let config = builder.with_client_auth_cert(chain, key);
                config.map_err(|cause| bad(&certificate, cause))?
            }
            (None, None) => builder.with_no_client_auth(),
            _ => {
                let message = "`sslcert` and `sslkey` are given together".to_owned();
                return Err(refuse(message));
            }
        };
        Ok(Some(Encryption { mode, connector: MakeRustlsConnect::new(config) }))
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|cause| bad(file, cause))?;
    match found.is_empty() {
        true => Err(refuse(format!("{} holds no certificate in PEM form", file.display()))),
        false => Ok(found),
    }
}

fn bad(file: &Path, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    refuse(format!("{} cannot be used for encryption", file.display())).with_source(cause)
}

/// What is checked of the certificate of a server.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    /// Checks who issued it; absent if it may be anybody's.
    issuers: Option<Arc<WebPkiServerVerifier>>,
    checks_name: bool,
}

impl Verifier {
    fn of_anyone(provider: &Arc<CryptoProvider>) -> Self {
        Self { provider: Arc::clone(provider), issuers: None, checks_name: false }
    }

    /// Without a file, the issuers are those that this machine trusts.
    fn new(provider: &Arc<CryptoProvider>, file: Option<&Path>, checks_name: bool) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        match file {
            Some(file) if file != Path::new("system") => {
                for certificate in certificates(file)? {
                    roots.add(certificate).map_err(|cause| bad(file, cause))?;
                }
            }
            _ => {
                let found = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(found.certs);
            }
        }
        let issuers =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        let issuers = issuers.build().map_err(|cause| {
            let message =
                "this machine trusts no issuer: name one as in `&sslrootcert=/etc/ssl/issuer.pem`";
            refuse(message.to_owned()).with_source(cause)
        })?;
        Ok(Self { provider: Arc::clone(provider), issuers: Some(issuers), checks_name })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(issuers) = &self.issuers else { return Ok(ServerCertVerified::assertion()) };
        match issuers.verify_server_cert(own, between, name, ocsp, now) {
            // The name is checked last, after everything else.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.checks_name => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encryption").field("mode", &self.mode).finish_non_exhaustive()
    }
}
