//! Behind the second wall: this program starts itself, raises the wall, and tries what is forbidden.
#![expect(unsafe_code, reason = "system calls that nobody offers in a safe way")]
#![expect(clippy::disallowed_methods, reason = "does what akua must not do")]

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use akua_sandbox::{Callouts, InForce, Limits, Paths, Session, Wall, WallError, raise};
use anyhow::{Context as _, Result, bail, ensure};
use libtest_mimic::{Arguments, Failed, Trial};

/// What is tried behind a wall, and the argument that asks for it.
type Case = (&'static str, fn() -> Result<()>);

/// All cases.
const CASES: [Case; 7] = [
    ("calls_are_refused", calls_are_refused),
    ("programs_and_sockets_are_refused", programs_and_sockets_are_refused),
    ("files_are_where_they_may_be", files_are_where_they_may_be),
    ("the_network_may_stay", the_network_may_stay),
    ("guests_run_behind_it", guests_run_behind_it),
    ("other_threads_are_told", other_threads_are_told),
    ("walls_stand_in_each_other", walls_stand_in_each_other),
];

/// The argument after which a case is named.
const INSIDE: &str = "inside";

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(INSIDE) {
        let name = arguments.next().context("a case")?;
        let case = CASES.iter().find(|(known, _)| *known == name).context(name)?;
        case.1()?;
        return Ok(ExitCode::SUCCESS);
    }
    let trials = CASES.map(|(name, _)| Trial::test(name, move || started(name)));
    Ok(libtest_mimic::run(&Arguments::from_args(), Vec::from(trials)).exit_code())
}

/// Runs a case in a process of its own.
fn started(name: &str) -> Result<(), Failed> {
    let output = Command::new(std::env::current_exe()?).args([INSIDE, name]).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    // What is skipped says so.
    std::io::stdout().write_all(&output.stdout)?;
    if output.status.success() { Ok(()) } else { Err(format!("{}\n{said}", output.status).into()) }
}

/// The wall of a verb that needs no file.
fn no_files() -> Wall {
    Wall { files: Some(Paths::default()), network: false }
}

/// Raises a wall; returns whether files are limited, and says where they are not.
fn raised(wall: &Wall) -> Result<bool> {
    let InForce { landlock, seccomp } = raise(wall)?;
    ensure!(seccomp, "no kernel without seccomp is tested on");
    if landlock.is_none() && wall.files.is_some() {
        writeln!(std::io::stdout(), "skipped: files, as this kernel has no Landlock")?;
    }
    Ok(landlock.is_some())
}

/// Calls the kernel; returns the error.
fn call(number: libc::c_long, arguments: [libc::c_long; 4]) -> i32 {
    let [a, b, c, d] = arguments;
    // SAFETY: the calls of this file are refused before the kernel looks at their arguments; where
    // one is not, these arguments are numbers that are no addresses.
    let result = unsafe { libc::syscall(number, a, b, c, d, 0, 0) };
    let error = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    if result == -1 { error } else { 0 }
}

fn calls_are_refused() -> Result<()> {
    raised(&no_files())?;
    refused_calls()?;
    // Also in threads that come later.
    later(refused_calls)
}

/// Tries something in a thread that is started behind the wall.
fn later(attempts: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
    std::thread::spawn(attempts).join().unwrap_or_else(|_panic| bail!("the thread panicked"))
}

/// Calls that are refused whatever their arguments.
const REFUSED: [(&str, libc::c_long); 40] = [
    ("execve", libc::SYS_execve),
    ("execveat", libc::SYS_execveat),
    ("ptrace", libc::SYS_ptrace),
    ("process_vm_readv", libc::SYS_process_vm_readv),
    ("process_vm_writev", libc::SYS_process_vm_writev),
    ("pidfd_open", libc::SYS_pidfd_open),
    ("pidfd_getfd", libc::SYS_pidfd_getfd),
    ("pidfd_send_signal", libc::SYS_pidfd_send_signal),
    ("io_uring_setup", libc::SYS_io_uring_setup),
    ("io_uring_enter", libc::SYS_io_uring_enter),
    ("bpf", libc::SYS_bpf),
    ("perf_event_open", libc::SYS_perf_event_open),
    ("userfaultfd", libc::SYS_userfaultfd),
    ("mount", libc::SYS_mount),
    ("open_tree", libc::SYS_open_tree),
    ("move_mount", libc::SYS_move_mount),
    ("pivot_root", libc::SYS_pivot_root),
    ("chroot", libc::SYS_chroot),
    ("setns", libc::SYS_setns),
    ("unshare", libc::SYS_unshare),
    ("open_by_handle_at", libc::SYS_open_by_handle_at),
    ("add_key", libc::SYS_add_key),
    ("keyctl", libc::SYS_keyctl),
    ("kexec_load", libc::SYS_kexec_load),
    ("init_module", libc::SYS_init_module),
    ("finit_module", libc::SYS_finit_module),
    ("personality", libc::SYS_personality),
    ("setuid", libc::SYS_setuid),
    ("shmget", libc::SYS_shmget),
    ("socket", libc::SYS_socket),
    ("socketpair", libc::SYS_socketpair),
    ("connect", libc::SYS_connect),
    ("bind", libc::SYS_bind),
    ("sendto", libc::SYS_sendto),
    ("sendmsg", libc::SYS_sendmsg),
    ("recvmsg", libc::SYS_recvmsg),
    ("fchmodat", libc::SYS_fchmodat),
    ("fchownat", libc::SYS_fchownat),
    ("setxattr", libc::SYS_setxattr),
    ("utimensat", libc::SYS_utimensat),
];

fn refused_calls() -> Result<()> {
    let check = |name: &str, number, arguments, expected| {
        let found = call(number, arguments);
        ensure!(found == expected, "{name}: expected error {expected}, found {found}");
        Ok(())
    };
    for (name, number) in REFUSED {
        check(name, number, [0; 4], libc::EPERM)?;
    }
    #[cfg(target_arch = "x86_64")]
    for (name, number) in [("fork", libc::SYS_fork), ("vfork", libc::SYS_vfork)] {
        check(name, number, [0; 4], libc::EPERM)?;
    }
    let child = libc::c_long::from(libc::SIGCHLD);
    check("clone", libc::SYS_clone, [child, 0, 0, 0], libc::EPERM)?;
    check("clone3", libc::SYS_clone3, [0; 4], libc::ENOSYS)?;
    // Signals, as far as asking whether one could be sent: to itself, and to others.
    let own = libc::c_long::from(std::process::id());
    check("kill, itself", libc::SYS_kill, [own, 0, 0, 0], 0)?;
    check("kill", libc::SYS_kill, [1, 0, 0, 0], libc::EPERM)?;
    check("kill, all", libc::SYS_kill, [-1, 0, 0, 0], libc::EPERM)?;
    check("tgkill", libc::SYS_tgkill, [1, 1, 0, 0], libc::EPERM)?;
    check("ioctl, TIOCSTI", libc::SYS_ioctl, [0, 0x5412, 0, 0], libc::EPERM)?;
    check("ioctl, TIOCSTI and more", libc::SYS_ioctl, [0, 0x1_0000_5412, 0, 0], libc::EPERM)?;
    // Memory, with machine code and without.
    let (page, private) = (4096, libc::c_long::from(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS));
    let (read, code) = (libc::c_long::from(libc::PROT_READ), libc::c_long::from(libc::PROT_EXEC));
    check("mmap", libc::SYS_mmap, [0, page, read, private], 0)?;
    check("mmap, code", libc::SYS_mmap, [0, page, read | code, private], libc::EPERM)?;
    check("mprotect, code", libc::SYS_mprotect, [0, page, code, 0], libc::EPERM)?;
    // Calls that came after the lists, and those of x32.
    check("a new call", 467, [0; 4], libc::ENOSYS)?;
    check("getpid of x32", 0x4000_0027, [0; 4], libc::ENOSYS)
}

fn programs_and_sockets_are_refused() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    raised(&no_files())?;
    let attempts = move || {
        refused("a program", Command::new("/bin/true").spawn())?;
        refused("a connection", TcpStream::connect(address))?;
        refused("a listener", TcpListener::bind("127.0.0.1:0"))?;
        refused("a datagram", UdpSocket::bind("127.0.0.1:0"))?;
        refused("a pair of sockets", UnixStream::pair())?;
        // Not even through a socket that was there before.
        refused("an accepted connection", listener.accept())
    };
    attempts()?;
    later(attempts)
}

fn refused<T>(what: &str, result: std::io::Result<T>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        Err(error) => bail!("{what}: refused for another reason: {error}"),
        Ok(_) => bail!("{what}: not refused"),
    }
}

/// Makes directories for a case, beside each other.
fn scratch(name: &str) -> Result<PathBuf> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.exists() {
        fs::remove_dir_all(&path)?;
    }
    for folder in ["in", "out", "outside", "made"] {
        fs::create_dir_all(path.join(folder))?;
        fs::write(path.join(folder).join("file"), "text")?;
    }
    fs::create_dir(path.join("made/empty"))?;
    Ok(path.canonicalize()?)
}

fn files_are_where_they_may_be() -> Result<()> {
    let root = scratch("wall-files")?;
    symlink("../outside/file", root.join("in/link"))?;
    symlink("../outside/file", root.join("out/link"))?;
    let files = Paths {
        readable: vec![root.join("in"), root.join("missing")],
        writable: vec![root.join("out")],
        removable: vec![root.join("made")],
    };
    if !raised(&Wall { files: Some(files), network: false })? {
        return Ok(());
    }
    let same = root.clone();
    attempts_on_files(&root, "first")?;
    later(move || attempts_on_files(&same, "second"))?;
    fs::remove_dir(root.join("made/empty"))?;
    refused("a file where directories may go", fs::remove_file(root.join("made/file")))
}

/// Tries what is allowed and what is not; `name` is that of files that are made.
fn attempts_on_files(root: &Path, name: &str) -> Result<()> {
    let at = |below: &str| root.join(below);
    ensure!(fs::read(at("in/file"))? == b"text");
    ensure!(fs::read_dir(at("in"))?.count() == 2);
    refused("a file of the system", File::open("/etc/passwd"))?;
    refused("a file beside", File::open(at("outside/file")))?;
    refused("a link to a file beside", File::open(at("in/link")))?;
    refused("a link in what is written", File::open(at("out/link")))?;
    refused("the environment", File::open("/proc/self/environ"))?;
    refused("the memory of the process", OpenOptions::new().write(true).open("/proc/self/mem"))?;
    refused("writing", OpenOptions::new().write(true).open(at("in/file")))?;
    refused("a new file", File::create(at("in").join(name)))?;
    refused("a new directory", fs::create_dir(at("in").join(name)))?;
    refused("removing", fs::remove_file(at("in/file")))?;
    refused("a mode", fs::set_permissions(at("in/file"), fs::Permissions::from_mode(0o777)))?;
    // What may be written.
    let (folder, file) = (at("out/folder"), at("out").join(name));
    fs::create_dir(&folder)?;
    fs::write(folder.join("staged"), "new")?;
    fs::rename(folder.join("staged"), &file)?;
    fs::remove_dir(&folder)?;
    ensure!(fs::read(&file)? == b"new");
    refused("a link", symlink("/etc/passwd", at("out/other")))?;
    ensure!(fs::rename(&file, at("outside").join(name)).is_err(), "moved out of what is written");
    ensure!(fs::rename(at("outside/file"), &file).is_err(), "moved into what is written");
    ensure!(fs::hard_link(at("outside/file"), at("out/other")).is_err(), "a second name");
    Ok(())
}

fn the_network_may_stay() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    raised(&Wall { files: None, network: true })?;
    TcpStream::connect(address).context("the network is still there")?;
    File::open("/etc/passwd").context("files are as they were")?;
    refused("a program", Command::new("/bin/true").spawn())?;
    raised(&Wall { files: None, network: false })?;
    refused("a connection", TcpStream::connect(address))
}

/// Who answers no calls.
struct Nobody;

impl Callouts for Nobody {
    fn call(&mut self, _method: &str, _args: &str, _kwargs: &str) -> String {
        String::new()
    }
}

/// Whatever the worker says to a request that is none, it says it behind the wall too.
fn guests_run_behind_it() -> Result<()> {
    let run = || Session::new(Limits::default(), || [0; 32]).run_worker(&[], b"", &mut Nobody);
    let expected = run()?;
    // The watchdog of the first Store does not stand in the way.
    raised(&no_files())?;
    ensure!(run()? == expected);
    Ok(())
}

fn other_threads_are_told() -> Result<()> {
    let (done, waiting) = std::sync::mpsc::channel::<()>();
    let other = std::thread::spawn(move || waiting.recv());
    match raise(&no_files()) {
        Err(WallError::Threads { count: 2 }) => {}
        other => bail!("{other:?}"),
    }
    drop(done);
    ensure!(other.join().is_ok());
    raised(&no_files()).map(|_| ())
}

fn walls_stand_in_each_other() -> Result<()> {
    let root = scratch("wall-twice")?;
    let readable = |names: &[&str]| Wall {
        files: Some(Paths {
            readable: names.iter().map(|name| root.join(name)).collect(),
            ..Paths::default()
        }),
        network: false,
    };
    if !raised(&readable(&["in", "out"]))? {
        return Ok(());
    }
    File::open(root.join("out/file"))?;
    raised(&readable(&["in", "outside"]))?;
    File::open(root.join("in/file"))?;
    refused("what only the first wall has", File::open(root.join("out/file")))?;
    refused("what only the second wall has", File::open(root.join("outside/file")))
}
