//! A repository made with git itself, and git's own servers for it.

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::scratch;

/// A bare repository below a directory that servers can serve.
pub(crate) struct Repository {
    /// The directory that is served.
    pub(crate) root: PathBuf,
    /// Commit of the tags `light` and `v1.0.0`.
    pub(crate) first: String,
    /// Commit of the branch, with no tag.
    pub(crate) second: String,
}

/// Runs git without the configuration of this machine; returns what it prints.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.test",
            "-c",
            "commit.gpgSign=false",
        ])
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", "2024-01-01T00:00:00Z")
        .env("GIT_COMMITTER_DATE", "2024-01-01T00:00:00Z")
        .output()
        .expect("git runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

/// One of git's programs that are not on the path.
pub(crate) fn program(name: &str) -> PathBuf {
    PathBuf::from(git(Path::new("."), &["--exec-path"])).join(name)
}

/// Makes the repository `a.git`: files, an executable, a link, directories; tags light and annotated.
pub(crate) fn make() -> Repository {
    let root = scratch("git");
    let work = root.join("work");
    std::fs::create_dir_all(work.join("templates/deep")).expect("a directory");
    git(&work, &["init", "-q", "-b", "main"]);
    std::fs::write(work.join("Chart.yaml"), "name: a\n").expect("a file");
    std::fs::write(work.join("templates/deep/x.yaml"), vec![b'x'; 100_000]).expect("a file");
    std::fs::write(work.join("run.sh"), "#!/bin/sh\n").expect("a file");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(work.join("run.sh"), executable).expect("a mode");
    std::fs::write(work.join(".gitattributes"), "* text eol=crlf\n").expect("a file");
    std::os::unix::fs::symlink("../Chart.yaml", work.join("templates/link")).expect("a link");
    git(&work, &["add", "."]);
    git(&work, &["commit", "-qm", "first"]);
    git(&work, &["tag", "light"]);
    git(&work, &["tag", "-a", "v1.0.0", "-m", "annotated"]);
    git(&work, &["tag", "-a", "nested", "v1.0.0", "-m", "a tag of a tag"]);
    let first = git(&work, &["rev-parse", "HEAD"]);
    std::fs::write(work.join("Chart.yaml"), "name: b\n").expect("a file");
    git(&work, &["commit", "-qam", "second"]);
    let second = git(&work, &["rev-parse", "HEAD"]);
    publish(&root);
    Repository { root, first, second }
}

/// Copies `work` to `a.git`, which servers serve.
pub(crate) fn publish(root: &Path) {
    drop(std::fs::remove_dir_all(root.join("a.git")));
    git(root, &["clone", "-q", "--bare", "work", "a.git"]);
}

/// `git daemon` behind a listener of our own, one process a connection; each ends with its connection.
pub(crate) struct Daemon {
    /// Where it listens.
    pub(crate) port: u16,
    /// Whether it is to stop.
    stop: Arc<AtomicBool>,
}

impl Daemon {
    /// Starts a daemon for all repositories below `root`.
    pub(crate) fn start(root: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, root, daemon) = (Arc::clone(&stop), root.to_owned(), program("git-daemon"));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let mut child = inetd(&daemon, &root, stream);
                std::thread::spawn(move || child.wait());
            }
        });
        Self { port, stop }
    }
}

/// Lets `git daemon` serve one connection.
fn inetd(daemon: &Path, root: &Path, stream: TcpStream) -> Child {
    let output = stream.try_clone().expect("a second handle");
    Command::new(daemon)
        .args(["--inetd", "--export-all"])
        .arg(format!("--base-path={}", root.display()))
        .arg(root)
        .env("HOME", root)
        .stdin(OwnedFd::from(stream))
        .stdout(OwnedFd::from(output))
        .stderr(Stdio::null())
        .spawn()
        .expect("git daemon starts")
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}
