#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"

/* The kernel's interface, which older headers lack; the numbers are the same on all machines. */
enum {
    CALL_CREATE_RULESET = 444,
    CALL_ADD_RULE = 445,
    CALL_RESTRICT_SELF = 446,
    ASK_VERSION = 1,
    RULE_PATH_BENEATH = 1,
};

struct ruleset {
    uint64_t files, network, scopes;
};

struct rule_beneath {
    uint64_t allowed;
    int32_t directory;
} __attribute__((packed));

enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_REG = 1 << 8,
    FS_TRUNCATE = 1 << 14,
    FS_IN_V1 = (1 << 13) - 1,
    NETWORK_TCP = 3, /* bind and connect */
    SCOPE_SOCKETS = 1 << 0,
    SCOPE_SIGNALS = 1 << 1,
};

/* All that this version of Landlock can take away, but of signals what is needed. */
static struct ruleset ruleset_of(long version, const struct sandbox_options *options)
{
    struct ruleset all = {.files = FS_IN_V1};
    for (long v = 2; v <= version && v <= 5; v++) /* to refer, truncate, (4: none), devices */
        all.files |= v == 2 ? 1U << 13 : v == 3 ? 1U << 14 : v == 5 ? 1U << 15 : 0;
    all.network = version >= 4 ? NETWORK_TCP : 0;
    if (version >= 6)
        all.scopes = options->kills ? SCOPE_SOCKETS : SCOPE_SOCKETS | SCOPE_SIGNALS;
    return all;
}

static bool allow(int ruleset, const char *directory, uint64_t allowed)
{
    struct rule_beneath rule = {.allowed = allowed};
    rule.directory = io_open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (rule.directory < 0)
        return false;
    bool ok = syscall(CALL_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
    close(rule.directory);
    return ok;
}

static bool allow_all(int ruleset, const struct ruleset *all, const struct sandbox_options *options)
{
    const uint64_t replace =
        FS_WRITE_FILE | FS_READ_FILE | FS_READ_DIR | FS_REMOVE_FILE | FS_MAKE_REG | FS_TRUNCATE;
    bool ok = !options->reads || allow(ruleset, "/", FS_READ_FILE | FS_READ_DIR | FS_EXECUTE);
    for (size_t i = 0; ok && i < options->n_replaced; i++) {
        char *directory = io_directory(options->replaced[i]);
        ok = allow(ruleset, directory, replace & all->files);
        free(directory);
    }
    return ok;
}

static bool restrict_files(const struct sandbox_options *options)
{
    long version = syscall(CALL_CREATE_RULESET, NULL, 0, ASK_VERSION);
    if (version < 1)
        return false;
    const struct ruleset all = ruleset_of(version, options);
    /* The kernel refuses a longer struct than it knows, unless the rest is 0: it is. */
    int ruleset = (int)syscall(CALL_CREATE_RULESET, &all, sizeof all, 0);
    if (ruleset < 0)
        return false;
    bool ok = allow_all(ruleset, &all, options) && syscall(CALL_RESTRICT_SELF, ruleset, 0) == 0;
    close(ruleset);
    return ok;
}

#if defined __x86_64__
#define MACHINE AUDIT_ARCH_X86_64
#elif defined __aarch64__ && defined __ORDER_LITTLE_ENDIAN__ && defined __LP64__
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined __riscv && __riscv_xlen == 64
#define MACHINE AUDIT_ARCH_RISCV64
#elif defined __s390x__
#define MACHINE AUDIT_ARCH_S390X
#endif

#ifdef MACHINE

/*
 * From 424 on all machines have the same numbers, which older headers lack. On x86 the end of those
 * that are known is that of the calls of x32 as well.
 */
enum { NEWEST_KNOWN = 462 };

static const int refused[] = {
    /* the network */
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept4,
#ifdef SYS_accept
    SYS_accept,
#endif
    /* other processes; io_uring_setup: its calls pass by every filter */
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    434 /* pidfd_open */,
    438 /* pidfd_getfd */,
    440 /* process_madvise */,
    424 /* pidfd_send_signal */,
    SYS_perf_event_open,
    425 /* io_uring_setup */,
    426 /* io_uring_enter */,
    427 /* io_uring_register */,
    SYS_bpf,
#ifdef SYS_userfaultfd
    SYS_userfaultfd,
#endif
    SYS_shmget,
    SYS_shmat,
    SYS_msgget,
    SYS_semget,
    SYS_mq_open,
    /* other users */
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_setgroups,
    SYS_capset,
    SYS_personality,
    /* the tree of files, and what Landlock does not see of files */
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    429 /* move_mount */,
    428 /* open_tree */,
    430 /* fsopen */,
    431 /* fsconfig */,
    432 /* fsmount */,
    433 /* fspick */,
    442 /* mount_setattr */,
    SYS_setns,
    SYS_unshare,
    SYS_name_to_handle_at,
    SYS_open_by_handle_at,
    SYS_fanotify_init,
    SYS_fchmod,
    SYS_fchmodat,
    452 /* fchmodat2 */,
    SYS_fchown,
    SYS_fchownat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    SYS_utimensat,
    SYS_mknodat,
    SYS_linkat,
    SYS_symlinkat,
    SYS_quotactl,
    443 /* quotactl_fd */,
#ifdef SYS_chmod
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_mknod,
    SYS_link,
    SYS_symlink,
    SYS_utimes,
    SYS_utime,
#endif
#ifdef SYS_futimesat
    SYS_futimesat,
#endif
    /* the machine */
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_syslog,
    SYS_vhangup,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_iopl
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
#endif
};

/* execve and execveat */
enum { N_REFUSED = sizeof refused / sizeof refused[0], MOST_REFUSED = N_REFUSED + 2 };
enum { FILTER_ROOM = 3 * MOST_REFUSED + 64, CHUNK = 8 };

struct filter {
    struct sock_filter at[FILTER_ROOM];
    unsigned short n;
};

static void put(struct filter *f, unsigned code, uint32_t k, unsigned jump_true,
                unsigned jump_false)
{
    f->at[f->n++] =
        (struct sock_filter){(uint16_t)code, (uint8_t)jump_true, (uint8_t)jump_false, k};
}

static void load(struct filter *f, size_t offset)
{
    put(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* If the word that was loaded last is k: this is the answer. */
static void answer(struct filter *f, uint32_t k, uint32_t with)
{
    put(f, BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1);
    put(f, BPF_RET | BPF_K, with, 0, 0);
}

/* If the call is this one, and the low word of an argument has one of the bits, refuses it. */
static void refuse_bits(struct filter *f, int call, unsigned argument, uint32_t bits)
{
    size_t low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
    put(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 4);
    load(f, offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t) + low);
    put(f, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    put(f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
    put(f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

/* It pushes input into a terminal, that of the shell we came from. */
static void refuse_pushing(struct filter *f)
{
    size_t low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
    enum { TO_CONSOLE = 0x541c }; /* TIOCLINUX: selects and pastes */
    put(f, BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 6);
    load(f, offsetof(struct seccomp_data, args) + sizeof(uint64_t) + low);
    answer(f, TIOCSTI, SECCOMP_RET_ERRNO | EPERM);
    answer(f, TO_CONSOLE, SECCOMP_RET_ERRNO | EPERM);
    put(f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

static int by_number(const void *a, const void *b)
{
    const int *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/*
 * The kernel tries the filter with each call there is, as it is installed: in pieces, which are
 * stepped over, that takes a few microseconds instead of two hundred.
 */
static void refuse_all(struct filter *f, const struct sandbox_options *options)
{
    int calls[MOST_REFUSED];
    unsigned n = N_REFUSED;
    memcpy(calls, refused, sizeof refused);
    if (!options->reads) {
        calls[n++] = SYS_execve;
        calls[n++] = SYS_execveat;
    }
    qsort(calls, n, sizeof *calls, by_number);
    for (unsigned from = 0, to; from < n; from = to) {
        to = n - from < CHUNK ? n : from + CHUNK;
        put(f, BPF_JMP | BPF_JGT | BPF_K, (uint32_t)calls[to - 1], 2 * (to - from) + 1, 0);
        for (unsigned i = from; i < to; i++)
            answer(f, (uint32_t)calls[i], SECCOMP_RET_ERRNO | EPERM);
        put(f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    }
}

static void put_filter(struct filter *f, const struct sandbox_options *options)
{
    enum {
        NEW_NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                         CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET,
        CLONE3 = 435,
    };
    load(f, offsetof(struct seccomp_data, arch));
    put(f, BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
    put(f, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0); /* its numbers are others */
    load(f, offsetof(struct seccomp_data, nr));
    put(f, BPF_JMP | BPF_JGT | BPF_K, NEWEST_KNOWN, 0, 1);
    put(f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
    answer(f, CLONE3, SECCOMP_RET_ERRNO | ENOSYS);
#ifdef __s390x__
    refuse_bits(f, SYS_clone, 1, NEW_NAMESPACES);
#else
    refuse_bits(f, SYS_clone, 0, NEW_NAMESPACES);
#endif
    refuse_pushing(f);
    refuse_all(f, options);
    put(f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

static bool restrict_calls(const struct sandbox_options *options)
{
    struct filter filter = {.n = 0};
    put_filter(&filter, options);
    const struct sock_fprog program = {.len = filter.n, .filter = filter.at};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#else

static bool restrict_calls(const struct sandbox_options *options)
{
    (void)options;
    return false;
}

#endif

static void *sleep_on(void *context)
{
    for (;;)
        pause();
    return context;
}

/*
 * glibc loads a library at the first pthread_cancel(3), and ends the process if it can't: that is
 * done now.
 */
static void load_what_cancelling_needs(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, sleep_on, NULL) != 0)
        return;
    pthread_cancel(thread);
    pthread_join(thread, NULL);
}

unsigned sandbox_enter(const struct sandbox_options *options)
{
    if (SANDBOX_LEFT_OUT)
        return 0;
    if (options->cancels)
        load_what_cancelling_needs();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return 0;
    unsigned done = restrict_files(options) ? SANDBOX_FILES : 0;
    return restrict_calls(options) ? done | SANDBOX_CALLS : done;
}
