"""The numbers of the system calls that the filter names, on both architectures.

From Linux's `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h`.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass

_NUMBERS = """
read 0 63
write 1 64
readv 19 65
writev 20 66
pread64 17 67
close 3 57
lseek 8 62
fstat 5 80
newfstatat 262 79
statx 332 291
poll 7 -
ppoll 271 73
access 21 -
faccessat 269 48
faccessat2 439 439
brk 12 214
munmap 11 215
mremap 25 216
madvise 28 233
futex 202 98
sched_yield 24 124
sched_getaffinity 204 123
set_robust_list 273 99
set_tid_address 218 96
rseq 334 293
gettid 186 178
getpid 39 172
exit 60 93
exit_group 231 94
arch_prctl 158 -
rt_sigaction 13 134
rt_sigprocmask 14 135
rt_sigreturn 15 139
sigaltstack 131 132
restart_syscall 219 128
clock_gettime 228 113
clock_getres 229 114
clock_nanosleep 230 115
nanosleep 35 101
gettimeofday 96 169
getrandom 318 278
open 2 -
openat 257 56
mmap 9 222
mprotect 10 226
clone 56 220
prctl 157 167
prlimit64 302 261
execve 59 221
socket 41 198
socketpair 53 199
connect 42 203
bind 49 200
listen 50 201
accept 43 202
accept4 288 242
sendto 44 206
sendmsg 46 211
sendmmsg 307 269
recvfrom 45 207
recvmsg 47 212
recvmmsg 299 243
fork 57 -
vfork 58 -
execveat 322 281
ptrace 101 117
process_vm_readv 310 270
process_vm_writev 311 271
kcmp 312 272
kill 62 129
tkill 200 130
rt_sigqueueinfo 129 138
rt_tgsigqueueinfo 297 240
pidfd_open 434 434
pidfd_send_signal 424 424
pidfd_getfd 438 438
memfd_create 319 279
memfd_secret 447 447
userfaultfd 323 282
bpf 321 280
perf_event_open 298 241
io_uring_setup 425 425
io_uring_enter 426 426
io_uring_register 427 427
io_setup 206 0
keyctl 250 219
add_key 248 217
request_key 249 218
shmget 29 194
shmat 30 196
msgget 68 186
semget 64 190
mq_open 240 180
creat 85 -
openat2 437 437
open_by_handle_at 304 -
name_to_handle_at 303 -
rename 82 -
renameat 264 38
renameat2 316 276
link 86 -
linkat 265 37
symlink 88 -
symlinkat 266 36
unlink 87 -
unlinkat 263 35
mkdir 83 -
mkdirat 258 34
rmdir 84 -
mknod 133 -
mknodat 259 33
chmod 90 -
fchmod 91 52
fchmodat 268 53
chown 92 -
fchown 93 55
fchownat 260 54
truncate 76 45
ftruncate 77 46
setuid 105 146
setgid 106 144
setreuid 113 145
setregid 114 143
setresuid 117 147
setresgid 119 149
setgroups 116 159
setfsuid 122 151
setfsgid 123 152
capset 126 91
mount 165 40
umount2 166 39
pivot_root 155 41
chroot 161 51
unshare 272 97
setns 308 268
mount_setattr 442 442
move_mount 429 429
open_tree 428 428
fsopen 430 430
fsmount 432 432
init_module 175 105
finit_module 313 273
delete_module 176 106
kexec_load 246 104
kexec_file_load 320 294
reboot 169 142
swapon 167 224
swapoff 168 225
sethostname 170 161
setdomainname 171 162
personality 135 92
modify_ldt 154 -
iopl 172 -
ioperm 173 -
pkey_mprotect 329 288
pkey_alloc 330 289
setrlimit 160 164
acct 163 89
settimeofday 164 170
clock_settime 227 112
quotactl 179 60
seccomp 317 277
landlock_create_ruleset 444 444
"""
"""Name, number on x86-64, number on arm64; `-`: the architecture does not have it."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a filter needs to know of a processor's system calls.

    `audit` is the kernel's number of the architecture (`linux/audit.h`).
    """

    name: str
    audit: int
    numbers: Mapping[str, int]


def _column(column: int) -> dict[str, int]:
    rows = (row.split() for row in _NUMBERS.split("\n") if row)
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


X86_64 = Architecture("x86_64", 0xC000003E, _column(1))
ARM64 = Architecture("aarch64", 0xC00000B7, _column(2))

ARCHITECTURES: Mapping[str, Architecture] = {
    "x86_64": X86_64,
    "amd64": X86_64,
    "aarch64": ARM64,
    "arm64": ARM64,
}
"""The known architectures, by the names that `platform.machine()` gives them."""


def this_architecture() -> Architecture | None:
    """Return the architecture of this machine, or None if no filter knows it."""
    return ARCHITECTURES.get(platform.machine().lower())
