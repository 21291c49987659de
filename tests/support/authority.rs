//! A certificate authority for one test, and a certificate of it for `localhost` and 127.0.0.1.

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
}

impl Authority {
    /// Makes both with openssl.
    pub fn new(folder: &Path) -> Self {
        let at = |name: &str| folder.join(name);
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        write(&at("leaf.cnf"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n");
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
        run(Command::new("openssl")
            .args(["x509", "-req", "-days", "30", "-set_serial", "1"])
            .args(["-in", &text(&at("server.csr")), "-out", &text(&at("server.pem"))])
            .args(["-CA", &text(&at("ca.pem")), "-CAkey", &text(&at("ca.key"))])
            .args(["-extfile", &text(&at("leaf.cnf"))]));
        Self { ca: at("ca.pem"), certificate: at("server.pem"), key: at("server.key") }
    }
}
