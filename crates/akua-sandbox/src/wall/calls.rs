//! System calls behind the wall, by seccomp.
//!
//! What is not listed is allowed, as far as it was known when this was written: the C library, the
//! allocator and wasmtime need many calls, and which ones differs between systems. Calls with higher
//! numbers do not exist behind the wall, which every program is prepared for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::c_long;
use seccompiler::{SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

use super::WallError;
use super::program::{Answer, program};

/// `fchmodat2`, which not every libc has a name for.
const FCHMODAT2: c_long = 452;
/// The request that types into a terminal; the type of libc's own differs.
const TIOCSTI: u64 = 0x5412;
/// The request that pastes into a console; likewise.
const TIOCLINUX: u64 = 0x541c;

/// Refused always: starting programs and processes, other processes, the kernel, namespaces, keys,
/// handles that go around paths, and rings that go around this list.
const REFUSED: &[c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_process_mrelease,
    libc::SYS_kcmp,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_tkill,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_setup,
    libc::SYS_io_submit,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_fanotify_init,
    libc::SYS_lookup_dcookie,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_memfd_secret,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_acct,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setgroups,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_capset,
    libc::SYS_personality,
    libc::SYS_setpriority,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    libc::SYS_remap_file_pages,
];

/// Refused always on this architecture.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[c_long] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_uselib,
    libc::SYS_modify_ldt,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_ustat,
    libc::SYS__sysctl,
    libc::SYS_kexec_file_load,
];
/// Refused always on this architecture: `kexec_file_load`, which not every libc has a name for.
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: &[c_long] = &[294];

/// Refused without network: sockets, and what changes files by path, which Landlock lets through.
const REFUSED_OFFLINE: &[c_long] = &[
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_setsockopt,
    libc::SYS_fchmodat,
    FCHMODAT2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    libc::SYS_utimensat,
];

/// Refused without network on this architecture.
#[cfg(target_arch = "x86_64")]
const REFUSED_OFFLINE_HERE: &[c_long] = &[
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
];
/// Refused without network on this architecture.
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_OFFLINE_HERE: &[c_long] = &[];

/// The last call that was known when the lists were written; the numbers are the same everywhere
/// from 424 on. Above are new ones, and on x86-64 the second set of numbers, x32.
const LAST_KNOWN: c_long = libc::SYS_mseal;

/// Limits what the process may ask of the kernel, in all of its threads; returns whether that is in
/// force.
///
/// # Errors
/// [`WallError::Calls`].
pub(super) fn limit(network: bool) -> Result<bool, WallError> {
    /// Calls that no verb needs are refused.
    static ALWAYS: AtomicBool = AtomicBool::new(false);
    /// Those that only the network needs are.
    static OFFLINE: AtomicBool = AtomicBool::new(false);

    let told = |error: &dyn std::fmt::Display| WallError::Calls { said: error.to_string() };
    let mut answers = Answers::new();
    if !ALWAYS.load(Ordering::SeqCst) {
        answers.append(&mut always().map_err(|error| told(&error))?);
    }
    if !network && !OFFLINE.load(Ordering::SeqCst) {
        answers.append(&mut offline().map_err(|error| told(&error))?);
    }
    if answers.is_empty() {
        return Ok(true);
    }
    match seccompiler::apply_filter_all_threads(&program(&answers, number(LAST_KNOWN))) {
        Ok(()) => {
            ALWAYS.store(true, Ordering::SeqCst);
            OFFLINE.fetch_or(!network, Ordering::SeqCst);
            Ok(true)
        }
        Err(seccompiler::Error::Seccomp(error)) if is_missing(&error) => Ok(false),
        Err(error) => Err(told(&error)),
    }
}

/// Returns whether an error says that the kernel has no filters.
fn is_missing(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL))
}

/// Answers by the number of the call.
type Answers = BTreeMap<u32, Answer>;

/// Returns a number of the C library, which are never negative, as a filter has it.
fn number(call: c_long) -> u32 {
    u32::try_from(call).unwrap_or(u32::MAX)
}

/// Returns the answers to calls that no verb needs.
fn always() -> Result<Answers, seccompiler::BackendError> {
    let lists = [REFUSED, REFUSED_HERE].into_iter().flatten();
    let mut answers: Answers = lists.map(|call| (number(*call), Answer::Refused)).collect();
    // Its flags lie in memory, where no filter looks: the C library falls back on `clone`.
    answers.insert(number(libc::SYS_clone3), Answer::Missing);
    // Threads are, processes are not.
    let thread = unsigned(libc::CLONE_THREAD);
    let process = rule(0, SeccompCmpOp::MaskedEq(thread), 0)?;
    answers.insert(number(libc::SYS_clone), Answer::RefusedIf(vec![process]));
    // Signals to itself are how a process aborts.
    let own = u64::from(std::process::id());
    let signals =
        [libc::SYS_kill, libc::SYS_tgkill, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_tgsigqueueinfo];
    for call in signals {
        let other = rule(0, SeccompCmpOp::Ne, own)?;
        answers.insert(number(call), Answer::RefusedIf(vec![other]));
    }
    // Both put words into the terminal, which a shell would read afterwards.
    let words = vec![rule(1, SeccompCmpOp::Eq, TIOCSTI)?, rule(1, SeccompCmpOp::Eq, TIOCLINUX)?];
    answers.insert(number(libc::SYS_ioctl), Answer::RefusedIf(words));
    Ok(answers)
}

/// Returns the answers to calls that only the network needs.
fn offline() -> Result<Answers, seccompiler::BackendError> {
    let lists = [REFUSED_OFFLINE, REFUSED_OFFLINE_HERE].into_iter().flatten();
    let mut answers: Answers = lists.map(|call| (number(*call), Answer::Refused)).collect();
    // All machine code is there: it was linked. Before, name services may come as libraries.
    let code = unsigned(libc::PROT_EXEC);
    for call in [libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_pkey_mprotect] {
        let code = rule(2, SeccompCmpOp::MaskedEq(code), code)?;
        answers.insert(number(call), Answer::RefusedIf(vec![code]));
    }
    Ok(answers)
}

/// Returns the rule that holds for calls whose argument, of 32 bits, compares with a value.
fn rule(
    argument: u8,
    operator: SeccompCmpOp,
    value: u64,
) -> Result<SeccompRule, seccompiler::BackendError> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?;
    SeccompRule::new(vec![condition])
}

/// Returns flags of the C library, which are never negative, as the filter has them.
fn unsigned(flags: i32) -> u64 {
    u64::from(flags.unsigned_abs())
}
