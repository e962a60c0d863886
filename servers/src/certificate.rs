//! The certificate of a server that encrypts its connections.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// The file with the certificate of the issuer.
pub(crate) const ISSUER: &str = "issuer.pem";

/// Writes the files that PostgreSQL looks for, and that of the issuer, into a folder.
pub(crate) fn write(folder: &Path) -> io::Result<[PathBuf; 3]> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "Arbour's tests");
    let authority_key = KeyPair::generate().map_err(io::Error::other)?;
    let root = authority.self_signed(&authority_key).map_err(io::Error::other)?;
    let issuer = Issuer::new(authority, authority_key);
    let own = CertificateParams::new(["localhost".to_owned()]).map_err(io::Error::other)?;
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = own.signed_by(&key, &issuer).map_err(io::Error::other)?;
    let files = [
        ("server.crt", certificate.pem()),
        ("server.key", key.serialize_pem()),
        (ISSUER, root.pem()),
    ];
    for (name, text) in &files {
        let file = folder.join(name);
        fs::write(&file, text)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    }
    Ok(files.map(|(name, _)| folder.join(name)))
}
