/** Names of system calls and tracepoints that differ from kernel to kernel; those of functions: functions/renames.ts. */

/** System calls by the names that people use; the events bear the names of the kernel's functions. */
export const SYSCALL_EVENT_NAMES: Readonly<Record<string, readonly string[]>> = {
  stat: ["newstat", "newfstatat"],
  lstat: ["newlstat", "newfstatat"],
  fstat: ["newfstat"],
  fstatat: ["newfstatat"],
  fstatat64: ["newfstatat"],
  stat64: ["newstat", "newfstatat"],
  uname: ["newuname"],
  sendfile: ["sendfile64"],
  umount2: ["umount"],
  pread: ["pread64"],
  pwrite: ["pwrite64"],
  prlimit: ["prlimit64"],
  fadvise: ["fadvise64", "fadvise64_64"],
  posix_fadvise: ["fadvise64", "fadvise64_64"],
  pselect: ["pselect6"],
  select: ["pselect6"],
  sigaction: ["rt_sigaction"],
  sigprocmask: ["rt_sigprocmask"],
  sigsuspend: ["rt_sigsuspend"],
  sigreturn: ["rt_sigreturn"],
  mmap2: ["mmap"],
  llseek: ["lseek"],
  _llseek: ["lseek"],
  fcntl64: ["fcntl"],
  send: ["sendto"],
  recv: ["recvfrom"],
  exec: ["execve"],
  wait: ["wait4"],
  waitpid: ["wait4"],
  _exit: ["exit_group"],
  // Where arm64's functions have other names than those of x86-64 (arch/arm64/kernel/sys.c).
  fadvise64: ["fadvise64_64"],
  personality: ["arm64_personality"],
  // Calls that arm64 never had: the C library makes the ones behind them.
  open: ["openat"],
  creat: ["openat"],
  access: ["faccessat", "faccessat2"],
  chmod: ["fchmodat"],
  chown: ["fchownat"],
  lchown: ["fchownat"],
  link: ["linkat"],
  unlink: ["unlinkat"],
  symlink: ["symlinkat"],
  readlink: ["readlinkat"],
  rename: ["renameat2", "renameat"],
  mkdir: ["mkdirat"],
  rmdir: ["unlinkat"],
  mknod: ["mknodat"],
  pipe: ["pipe2"],
  dup2: ["dup3"],
  poll: ["ppoll"],
  epoll_create: ["epoll_create1"],
  epoll_wait: ["epoll_pwait"],
  inotify_init: ["inotify_init1"],
  eventfd: ["eventfd2"],
  signalfd: ["signalfd4"],
  getdents: ["getdents64"],
  utime: ["utimensat"],
  utimes: ["utimensat"],
  futimesat: ["utimensat"],
  fork: ["clone"],
  vfork: ["clone"],
  alarm: ["setitimer"],
  pause: ["ppoll"],
  getpgrp: ["getpgid"],
};

/** Calls that exist and are rarely made: the C library of today makes others in their place. */
export const SYSCALL_SUCCESSORS: Readonly<Record<string, readonly string[]>> = {
  open: ["openat", "openat2"],
  creat: ["openat"],
  fork: ["clone", "clone3"],
  vfork: ["clone", "clone3"],
  clone: ["clone3"],
  newstat: ["newfstatat", "statx"],
  newlstat: ["newfstatat", "statx"],
  accept: ["accept4"],
  exit: ["exit_group"],
  select: ["pselect6"],
  mkdir: ["mkdirat"],
  rename: ["renameat", "renameat2"],
  unlink: ["unlinkat"],
};

/**
 * Tracepoints that were renamed or merged: whichever of the two a kernel has stands for the other. `since` is the
 * kernel of the new name, where that is certain.
 */
export const RENAMED_EVENTS: readonly { readonly old: string; readonly now: string; readonly since?: string }[] = [
  { old: "kmem:kmalloc_node", now: "kmem:kmalloc", since: "6.1" },
  { old: "kmem:kmem_cache_alloc_node", now: "kmem:kmem_cache_alloc", since: "6.1" },
  { old: "writeback:writeback_dirty_page", now: "writeback:writeback_dirty_folio" },
  { old: "writeback:wait_on_page_writeback", now: "writeback:folio_wait_writeback" },
  { old: "vmscan:mm_vmscan_writepage", now: "vmscan:mm_vmscan_write_folio" },
  { old: "tcp:tcp_set_state", now: "sock:inet_sock_set_state", since: "4.16" },
  { old: "timer:hrtimer_init", now: "timer:hrtimer_setup", since: "6.15" },
  { old: "block:block_rq_issue", now: "block:block_io_start", since: "6.5" },
  { old: "block:block_rq_complete", now: "block:block_io_done", since: "6.5" },
  { old: "signal:signal_overflow_fail", now: "signal:signal_generate", since: "3.4" },
  { old: "signal:signal_lose_info", now: "signal:signal_generate", since: "3.4" },
  { old: "power:power_start", now: "power:cpu_idle" },
  { old: "power:power_frequency", now: "power:cpu_frequency" },
];

/** The system call behind a kernel function's name: `connect` of `__x64_sys_connect` or `sys_connect`. */
export function syscallOfFunction(functionName: string): string | undefined {
  return /^(?:__(?:x64|ia32|arm64|se|do)_|ksys_|k)?(?:sys|SyS|SYSC)_(?!enter|exit_)(\w+)$/.exec(functionName)?.[1];
}
