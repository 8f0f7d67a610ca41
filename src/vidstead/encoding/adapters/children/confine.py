"""What a child can still do once it sees media of strangers: compute, and talk on the descriptors it was given.

Two fences of the Linux kernel, neither of which needs a privilege, a program or a library:

- *Landlock* (landlock(7)) takes the file system: no file can be opened but those of the program itself, nothing
  written, made or removed. From its 4th version on it refuses TCP, from its 6th signals to others too.
- *seccomp* (seccomp(2)) takes the network, with UDP and what else there is, other processes, and the corners of the
  kernel in which most of its holes were found. What is refused answers EPERM.

Where the kernel lacks one of them, the other holds; where it lacks both, or is not Linux, the limits of ``launch`` do.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ALLOW = 0x7FFF0000
SECCOMP_RET_EPERM, SECCOMP_RET_ENOSYS = 0x00050001, 0x00050026
SECCOMP_RET_KILL_PROCESS = 0x80000000
X32 = 0x40000000
"""Numbers from here on are calls of a second interface of x86-64, which goes past those that are refused."""
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_IF_SET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, MACHINE, FIRST_ARGUMENT = 0, 4, 16
"""Where they are in what a filter sees (struct seccomp_data)."""

LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
PATH_BENEATH = 1
EXECUTE, READ_FILE, READ_DIR = 1 << 0, 1 << 2, 1 << 3
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many of the rights to files each version knows; the latest stands for all after it."""
NET_RIGHTS, SCOPES = 3, 3

# (x86-64, AArch64), from the kernel's tables.
REFUSED = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "kill": (62, 129),
    "tkill": (200, 130),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "personality": (135, 92),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "clock_settime": (227, 112),
    "quotactl": (179, 60),
}
PROGRAMS = {"execve": (59, 221), "execveat": (322, 281)}
FORKS = {"x86_64": (57, 58), "aarch64": ()}
CLONE, CLONE3 = (56, 220), (435, 435)
CLONE_THREAD = 0x10000
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Which of two numbers is this machine's, and its name in the kernel (AUDIT_ARCH)."""

LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store", "/etc/ld.so.cache")
SHELLS = ("/bin", "/usr/bin", "/usr/local/bin")
"""What a program that is a script may run."""
SYSTEM = ("/dev/null", "/dev/zero", "/dev/urandom", "/sys/devices/system/cpu")


def confine(*, program: str | None = None) -> None:
    """Fence this process in, for good, and all that it starts.

    With a ``program`` it may become that one, which may load the libraries of the system; else it starts nothing, and
    reads the modules of its own Python only. Nothing is said where the kernel knows no fences: ``fences`` tells.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return
    script = program is not None and _is_script(program)
    if program is None:
        _landlock(libc, filter(None, sys.path), READ_FILE | READ_DIR)
    else:
        _landlock(libc, [*_needs(program), *(SHELLS if script else ())], READ_FILE | READ_DIR | EXECUTE)
    _seccomp(libc, [*REFUSED.values(), *(PROGRAMS.values() if program is None else ())], forks=script)


def _is_script(program: str) -> bool:
    with suppress(OSError), open(program, "rb") as file:
        return file.read(2) == b"#!"
    return False


def _needs(program: str) -> list[str]:
    """A program, and the places from which it loads what it needs."""
    home = os.path.dirname(os.path.realpath(program))
    return [program, *LIBRARIES, os.path.join(home, "..", "lib")]


def fences() -> dict[str, str | None]:
    """What this kernel knows: the version of Landlock, and seccomp's kind; ``None`` for what it lacks."""
    if sys.platform != "linux":
        return {"landlock": None, "seccomp": None}
    version = _landlock_version(ctypes.CDLL(None, use_errno=True))
    filters = os.uname().machine in MACHINES and os.path.exists("/proc/sys/kernel/seccomp/actions_avail")
    return {"landlock": str(version) if version > 0 else None, "seccomp": "filter" if filters else None}


def _landlock_version(libc: ctypes.CDLL) -> int:
    return int(libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1))


def _landlock(libc: ctypes.CDLL, places: Iterable[str], rights: int) -> None:
    version = _landlock_version(libc)
    if version < 1:
        return
    every = (1 << FILE_RIGHTS.get(version, FILE_RIGHTS[max(FILE_RIGHTS)])) - 1
    wanted = struct.pack("=QQQ", every, NET_RIGHTS if version >= 4 else 0, SCOPES if version >= 6 else 0)
    known = 8 if version < 4 else 16 if version < 6 else 24
    rules = libc.syscall(LANDLOCK_CREATE, wanted, ctypes.c_size_t(known), 0)
    if rules < 0:
        return
    for path in SYSTEM:
        _allow(libc, rules, path, READ_FILE)
    for path in places:
        _allow(libc, rules, path, rights)
    libc.syscall(LANDLOCK_RESTRICT, rules, 0)
    os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    with suppress(OSError):  # what is not there needs no right
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rights &= ~0 if os.path.isdir(path) else ~READ_DIR
        libc.syscall(LANDLOCK_ADD, rules, PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
        os.close(place)


def _seccomp(libc: ctypes.CDLL, refused: Iterable[tuple[int, int]], *, forks: bool) -> None:
    """Refuse calls by number; without ``forks`` also new processes, though not new threads.

    What a call's argument points to can't be looked at: ``clone3`` is said not to exist, and C libraries use ``clone``.
    """
    if os.uname().machine not in MACHINES:
        return
    which, name = MACHINES[os.uname().machine]
    numbers = [pair[which] for pair in refused]
    if not forks:
        numbers += FORKS[os.uname().machine]
    threads = [
        (JUMP_EQUAL, 0, 1, CLONE3[which]),
        (RETURN, 0, 0, SECCOMP_RET_ENOSYS),
        (JUMP_EQUAL, 0, 4, CLONE[which]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_IF_SET, 1, 0, CLONE_THREAD),
        (RETURN, 0, 0, SECCOMP_RET_EPERM),
        (RETURN, 0, 0, SECCOMP_RET_ALLOW),
    ]
    program = [
        (LOAD, 0, 0, MACHINE),
        (JUMP_EQUAL, 1, 0, name),
        (RETURN, 0, 0, SECCOMP_RET_KILL_PROCESS),
        (LOAD, 0, 0, NUMBER),
        *([] if forks else threads),
        (JUMP_AT_LEAST, len(numbers) + 1, 0, X32),
        *((JUMP_EQUAL, len(numbers) - at, 0, number) for at, number in enumerate(numbers)),
        (RETURN, 0, 0, SECCOMP_RET_ALLOW),
        (RETURN, 0, 0, SECCOMP_RET_EPERM),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    described = struct.pack("@HP", len(program), ctypes.addressof(code))
    libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, described, 0, 0)
