//! Real servers on loopback: a registry process, charts over http.

use crate::process::root;
use anyhow::{Context, Result, ensure};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A registry process; it ends when it is dropped.
#[derive(Debug)]
pub struct Registry {
    process: Child,
    /// Its address: host and port.
    pub host: String,
}

impl Registry {
    /// Builds the registry, once, and starts it.
    ///
    /// # Errors
    /// It cannot be built or started.
    pub fn start(arguments: &[&str]) -> Result<Self> {
        let source = root().join("crates/akua-oci/tests/servers/registry");
        let program = root().join("target/test-servers/registry-for-cli");
        let mut build = Command::new("go");
        build.args(["build", "-o"]).arg(&program).arg(".").current_dir(&source);
        let built = build.env("CGO_ENABLED", "0").output().context("starting go")?;
        ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let mut start = Command::new(&program);
        // It ends when its standard input does.
        start.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = start.spawn().context("starting the registry")?;
        let mut line = String::new();
        let stdout = process.stdout.take().context("it has no output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        Ok(Self { process, host: format!("127.0.0.1:{}", line.trim()) })
    }
}

impl Registry {
    /// Has one byte of what lies at a path be another one, in a registry with `-flip`.
    ///
    /// # Errors
    /// It does not answer.
    pub fn flip(&self, path: &str, byte: usize) -> Result<()> {
        self.ask("POST", &format!("/flip?path={path}&byte={byte}")).map(drop)
    }

    /// Returns what was answered since then: how many bytes, and of what.
    ///
    /// # Errors
    /// It does not answer.
    pub fn answers(&self) -> Result<Vec<(usize, String)>> {
        let answer = self.ask("GET", "/flip")?;
        let line = |line: &str| {
            let (size, path) = line.split_once(' ').with_context(|| line.to_owned())?;
            Ok((size.parse()?, path.to_owned()))
        };
        answer.lines().map(line).collect()
    }

    #[expect(clippy::disallowed_methods, reason = "a server of a test")]
    fn ask(&self, method: &str, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(&self.host)?;
        write!(stream, "{method} {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.host)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(answer.contains(" 200 "), "{answer}");
        Ok(answer.split_once("\r\n\r\n").context("no body")?.1.to_owned())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}

/// Files of a directory over http; the server ends when it is dropped.
#[derive(Debug)]
pub struct Files {
    /// Its address.
    pub url: String,
    address: String,
    ended: Arc<AtomicBool>,
}

impl Files {
    /// Serves a directory.
    ///
    /// # Errors
    /// There is no port.
    pub fn serve(folder: &Path) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let ended = Arc::new(AtomicBool::new(false));
        let (folder, stop) = (folder.to_path_buf(), Arc::clone(&ended));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                // Who hangs up has seen enough.
                let _sent = answer(stream, &folder);
            }
        });
        Ok(Self { url: format!("http://{address}"), address, ended })
    }
}

impl Drop for Files {
    #[expect(clippy::disallowed_methods, reason = "a server of a test")]
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _wakes = TcpStream::connect(&self.address);
    }
}

/// A server that answers the same to whatever it is asked; it ends with the process.
#[derive(Debug)]
pub struct Fixed {
    /// Its address: host and port.
    pub host: String,
}

impl Fixed {
    /// Answers with a text: status and headers, an empty line, and the body.
    ///
    /// # Errors
    /// There is no port.
    pub fn answer(text: &str) -> Result<Self> {
        let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
        let length = if head.contains("Content-Length") {
            String::new()
        } else {
            format!("\r\nContent-Length: {}", body.len())
        };
        let head = head.replace('\n', "\r\n");
        let answer = format!("{head}{length}\r\nConnection: close\r\n\r\n{body}");
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let host = listener.local_addr()?.to_string();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut asked = [0_u8; 4096];
                // Who hangs up has seen enough.
                let _read = stream.read(&mut asked);
                let _sent = stream.write_all(answer.as_bytes());
            }
        });
        Ok(Self { host })
    }
}

fn answer(mut stream: TcpStream, folder: &Path) -> Result<()> {
    let mut head = [0_u8; 4096];
    let read = stream.read(&mut head)?;
    let head = String::from_utf8_lossy(head.get(..read).unwrap_or_default()).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    let file: PathBuf = folder.join(path);
    let (status, body) = match std::fs::read(&file) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    Ok(stream.write_all(&body)?)
}
