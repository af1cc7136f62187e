//! Trying what the wall forbids, for `akua doctor`: nothing here does harm where it is not refused.
#![expect(clippy::disallowed_methods, reason = "tries what is refused")]

use std::fs::OpenOptions;
use std::io::{Error, ErrorKind};
use std::net::UdpSocket;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Something that is forbidden, and was tried.
#[derive(Debug)]
pub struct Trial {
    /// What was tried.
    pub what: &'static str,
    /// Whether it is a matter of files, which Landlock refuses, and not of system calls.
    pub is_file: bool,
    /// Whether it was refused.
    pub refused: bool,
}

/// Tries what is forbidden.
pub fn try_forbidden() -> Vec<Trial> {
    // A directory is no program, whoever asks: without the wall that is another error.
    let program = Command::new("/").exec();
    let process = Command::new("/").spawn().err();
    let socket = UdpSocket::bind("127.0.0.1:0").err();
    let read = std::fs::read_dir("/").err();
    let write = OpenOptions::new().write(true).open("/dev/null").err();
    let call = |what, error: Option<Error>| {
        let refused = error.is_some_and(|error| error.raw_os_error() == Some(libc::EPERM));
        Trial { what, is_file: false, refused }
    };
    let file = |what, error: Option<Error>| {
        let refused = error.is_some_and(|error| error.kind() == ErrorKind::PermissionDenied);
        Trial { what, is_file: true, refused }
    };
    vec![
        call("start a program", Some(program)),
        call("start a process", process),
        call("open a socket", socket),
        file("read outside of the package", read),
        file("write outside of the output", write),
    ]
}
