/** Names that differ from kernel to kernel, and tracepoints that say the same as a function. */

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
  fadvise: ["fadvise64"],
  posix_fadvise: ["fadvise64"],
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

/** Functions and the tracepoint that tells the same story; most wanted where kprobes are not available. */
const TRACEPOINTS_INSTEAD: Readonly<Record<string, string>> = {
  do_fork: "sched:sched_process_fork",
  _do_fork: "sched:sched_process_fork",
  kernel_clone: "sched:sched_process_fork",
  copy_process: "sched:sched_process_fork",
  do_execve: "sched:sched_process_exec",
  do_execveat_common: "sched:sched_process_exec",
  bprm_execve: "sched:sched_process_exec",
  do_exit: "sched:sched_process_exit",
  schedule: "sched:sched_switch",
  __schedule: "sched:sched_switch",
  finish_task_switch: "sched:sched_switch",
  try_to_wake_up: "sched:sched_waking",
  wake_up_new_task: "sched:sched_wakeup_new",
  send_signal: "signal:signal_generate",
  __send_signal: "signal:signal_generate",
  send_signal_locked: "signal:signal_generate",
  get_signal: "signal:signal_deliver",
  oom_kill_process: "oom:mark_victim",
  out_of_memory: "oom:mark_victim",
  __alloc_pages_nodemask: "kmem:mm_page_alloc",
  __alloc_pages: "kmem:mm_page_alloc",
  __alloc_pages_noprof: "kmem:mm_page_alloc",
  alloc_pages: "kmem:mm_page_alloc",
  __free_pages: "kmem:mm_page_free",
  kmalloc: "kmem:kmalloc",
  __kmalloc: "kmem:kmalloc",
  __kmalloc_noprof: "kmem:kmalloc",
  kfree: "kmem:kfree",
  kmem_cache_alloc: "kmem:kmem_cache_alloc",
  kmem_cache_alloc_noprof: "kmem:kmem_cache_alloc",
  kmem_cache_free: "kmem:kmem_cache_free",
  try_to_free_pages: "vmscan:mm_vmscan_direct_reclaim_begin",
  handle_mm_fault: "exceptions:page_fault_user",
  account_page_dirtied: "writeback:writeback_dirty_folio",
  folio_account_dirtied: "writeback:writeback_dirty_folio",
  tcp_connect: "sock:inet_sock_set_state",
  tcp_v4_connect: "sock:inet_sock_set_state",
  tcp_v6_connect: "sock:inet_sock_set_state",
  tcp_set_state: "sock:inet_sock_set_state",
  tcp_close: "sock:inet_sock_set_state",
  inet_csk_accept: "sock:inet_sock_set_state",
  tcp_sendmsg: "sock:sock_send_length",
  udp_sendmsg: "sock:sock_send_length",
  tcp_recvmsg: "sock:sock_recv_length",
  udp_recvmsg: "sock:sock_recv_length",
  tcp_retransmit_skb: "tcp:tcp_retransmit_skb",
  tcp_send_active_reset: "tcp:tcp_send_reset",
  tcp_reset: "tcp:tcp_receive_reset",
  kfree_skb: "skb:kfree_skb",
  kfree_skb_reason: "skb:kfree_skb",
  sk_skb_reason_drop: "skb:kfree_skb",
  dev_queue_xmit: "net:net_dev_queue",
  __dev_queue_xmit: "net:net_dev_queue",
  netif_receive_skb: "net:netif_receive_skb",
  __netif_receive_skb_core: "net:netif_receive_skb",
  vfs_read: "syscalls:sys_enter_read",
  ksys_read: "syscalls:sys_enter_read",
  vfs_write: "syscalls:sys_enter_write",
  ksys_write: "syscalls:sys_enter_write",
  vfs_fsync: "syscalls:sys_enter_fsync",
  vfs_open: "syscalls:sys_enter_openat",
  do_sys_open: "syscalls:sys_enter_openat",
  do_sys_openat2: "syscalls:sys_enter_openat",
  do_filp_open: "syscalls:sys_enter_openat",
  vfs_unlink: "syscalls:sys_enter_unlinkat",
  blk_account_io_start: "block:block_io_start",
  __blk_account_io_start: "block:block_io_start",
  blk_account_io_done: "block:block_io_done",
  __blk_account_io_done: "block:block_io_done",
  submit_bio: "block:block_bio_queue",
  blk_mq_start_request: "block:block_rq_issue",
};

/**
 * The tracepoint that says what a probe on a kernel function would say.
 *
 * @param functionName as in kallsyms; a compiler's suffix (`.isra.0`) does not count
 * @returns `category:name`; whether this kernel has it is not checked
 */
export function tracepointInstead(functionName: string): string | undefined {
  const name = functionName.trim().replace(/\..*$/, "");
  const known = TRACEPOINTS_INSTEAD[name];
  if (known !== undefined) return known;
  const call = syscallOfFunction(name);
  return call === undefined ? undefined : `syscalls:sys_enter_${call}`;
}

/** The system call behind a kernel function's name: `connect` of `__x64_sys_connect` or `sys_connect`. */
export function syscallOfFunction(functionName: string): string | undefined {
  return /^(?:__(?:x64|ia32|arm64|se|do)_|ksys_|k)?(?:sys|SyS|SYSC)_(?!enter|exit_)(\w+)$/.exec(functionName)?.[1];
}
