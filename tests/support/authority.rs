//! A certificate authority for one test, and certificates of it: a good one for `localhost` and 127.0.0.1, and bad ones.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::run;
use super::write;

/// Files in PEM.
pub struct Authority {
    /// What a client has to trust.
    pub ca: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// The authority's own key, for a certificate that has signed itself.
    pub ca_key: PathBuf,
    folder: PathBuf,
}

impl Authority {
    /// Makes both with openssl.
    pub fn new(folder: &Path) -> Self {
        let at = |name: &str| folder.join(name);
        write(&at("leaf.cnf"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n");
        write(&at("other.cnf"), "subjectAltName=DNS:mail.other.example\nbasicConstraints=critical,CA:FALSE\n");
        let new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        run(Command::new("openssl")
            .args(["req", "-x509", "-days", "30", "-subj", "/CN=mailtally test authority"])
            .args(new_key)
            .args(["-keyout", &text(&at("ca.key")), "-out", &text(&at("ca.pem"))]));
        run(Command::new("openssl").args(["req", "-new", "-subj", "/CN=localhost"]).args(new_key).args([
            "-keyout",
            &text(&at("server.key")),
            "-out",
            &text(&at("server.csr")),
        ]));
        let authority = Self {
            ca: at("ca.pem"),
            certificate: at("server.pem"),
            key: at("server.key"),
            ca_key: at("ca.key"),
            folder: folder.to_path_buf(),
        };
        authority.certify("server.pem", "leaf.cnf", "30");
        authority
    }

    /// A certificate for the same key whose time is over.
    pub fn expired(&self) -> PathBuf {
        self.certify("expired.pem", "leaf.cnf", "-1")
    }

    /// A certificate for the same key and another server's name.
    pub fn for_another_name(&self) -> PathBuf {
        self.certify("other.pem", "other.cnf", "30")
    }

    fn certify(&self, name: &str, extensions: &str, days: &str) -> PathBuf {
        let at = |name: &str| text(&self.folder.join(name));
        run(Command::new("openssl")
            .args(["x509", "-req", "-days", days, "-set_serial", "1", "-in", &at("server.csr"), "-out", &at(name)])
            .args(["-CA", &at("ca.pem"), "-CAkey", &at("ca.key"), "-extfile", &at(extensions)]));
        self.folder.join(name)
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
