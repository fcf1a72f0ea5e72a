/**
 * Limits that hold for every host, whatever its past: set by physics, by the kernel, or by what no healthy host shows. Each
 * says where it comes from, and which healthy host it must leave alone.
 */

const GiB = 2 ** 30, MiB = 2 ** 20;
const DAY_S = 86_400;

export interface Limit {
  readonly warn: number;
  readonly crit: number;
}

/**
 * Of CPU time, taken by the hypervisor for others: whatever runs here takes a third longer at 25 %. Guests with a small
 * guaranteed share see 10 % in every busy hour.
 */
export const STEAL_PERCENT: Limit = { warn: 25, crit: 60 };

/**
 * Of the window in which every task that could run waited for memory (`full`, Documentation/accounting/psi.rst).
 * systemd-oomd kills at 60 % (DefaultMemoryPressureLimit); a host that reclaims its page cache stays below 1 %. CPU and I/O
 * have no limit: a build keeps both waiting all day.
 */
export const MEMORY_FULL_PERCENT: Limit = { warn: 10, crit: 40 };

/** With more memory available than this it is no host that is short of it, but a control group at its own limit. */
export const MEMORY_TO_SPARE_PERCENT = 15;

/**
 * Of memory available without swapping (MemAvailable), and bytes of it: both must be below. 3 % of 512 GiB are 15 GiB, and
 * what a database with huge pages leaves on purpose. It counts only while processes have to reclaim memory themselves
 * (allocstall), which is when they slow down; a huge page or one busy NUMA node does so now and then.
 */
export const MEMORY_AVAILABLE = {
  warn: { percent: 4, bytes: 4 * GiB },
  crit: { percent: 2, bytes: 2 * GiB },
} as const;
export const DIRECT_RECLAIMS_PER_S = 1;
/** Of CommitLimit, where the kernel enforces it (vm.overcommit_memory 2): beyond it malloc() fails. */
export const COMMITTED_PERCENT: Limit = { warn: 95, crit: 99 };

/**
 * Pages swapped in and out, each, in a second: 16 MiB/s at 4 KiB, half of what a disk with moving heads manages, and far
 * above what a host shows that has put cold pages away for good. Both ways at once, or it is no thrashing.
 */
export const SWAP_PAGES_PER_S = 4096;
/** Of swap space, when little memory is available either: then nothing is left but the OOM killer. */
export const SWAP_USED_PERCENT: Limit = { warn: 90, crit: 98 };
export const MEMORY_LEFT_WITH_SWAP_PERCENT = 10;

/**
 * Space left, in percent and in bytes: both must be below. A 20 TB archive that is 97 % full has 600 GB left and is well; a
 * root of 20 GB with 800 MB left is not. Nothing left is critical at any size.
 */
export const SPACE_LEFT = {
  warn: { percent: 5, bytes: 5 * GiB },
  crit: { percent: 1, bytes: 512 * MiB },
} as const;
/** Inodes left likewise: 5 % of a mail store's 100 million are enough for a year. */
export const INODES_LEFT = { warn: { percent: 5, count: 50_000 }, crit: { percent: 1, count: 1000 } } as const;
/** Full in so many seconds when it goes on growing as in the two hours before, and no less than so full already. */
export const FULL_IN_S: Limit = { warn: DAY_S, crit: 4 * 3600 };
export const FILLING_USED_PERCENT = 80;
/** How long growth is watched, twice in a row, before anything is said: a backup writes for minutes, and is rotated. */
export const GROWTH_S = 3600;
/** An error that the file system recorded (/sys/fs/ext4/…/errors_count) is told so long; it stays there until fsck. */
export const RECORDED_ERROR_S = DAY_S;

/**
 * Mean time of a read in ms, over at least so many requests. Somebody waits for each: a busy disk with a deep queue reaches
 * 300 ms; at one second programs stand still. The kernel itself gives up after 30 s (/sys/block/…/device/timeout).
 */
export const BLOCK_READ_MS: Limit = { warn: 1000, crit: 10_000 };
/**
 * Of a write. Nobody waits for most, and the kernel queues 256 (nr_requests): a disk with moving heads that does 100 in a
 * second takes 2.5 s for each while a backup is written to it, and is well.
 */
export const BLOCK_WRITE_MS: Limit = { warn: 5000, crit: 20_000 };
export const BLOCK_MIN_REQUESTS = 10;
/** Requests under way and none finished for so many seconds: a disk that has to spin up first needs up to as many. */
export const BLOCK_STUCK_S = 8;
/** More cannot be under way: kernels have shown a count that fell below zero as 2^32 less a few (dm, md, nbd). */
export const BLOCK_MAX_IN_FLIGHT = 1_000_000;

/** Of packets that the device received or sent wrong; one in a thousand halves TCP's speed over long paths. */
export const LINK_ERRORS_PERCENT = 0.1;
/**
 * Of packets, and in a second. What nobody here speaks (STP, LLDP, IPv6 where it is off) is counted as dropped since Linux
 * 2.6.37 (__netif_receive_skb_core()), some a second in a big network, and that is a large share on a quiet host.
 */
export const LINK_DROPS = { percent: 1, per_s: 10 } as const;
/** Fewer in a window say nothing. */
export const MIN_BAD_PACKETS = 10;
/** Packets that a CPU could not queue (softnet_stat, net.core.netdev_max_backlog); a burst may lose some. */
export const BACKLOG_DROPS = 10;

/** Of TCP segments sent; on the way through the internet 1 % is ordinary, a bad wireless link has 3 %. */
export const RETRANSMITS_PERCENT: Limit = { warn: 5, crit: 25 };
export const MIN_RETRANSMITS = 50;
/** Of datagrams: receivers that are too slow for a burst lose a few. */
export const UDP_OVERFLOW_PERCENT = 1;
/**
 * Connects that failed, at least so many in a window and in a second, and that share of all: a client that tries again all
 * the time. Health checks of a dead peer, and IPv6 tried before IPv4, stay below one a second or half of all.
 */
export const FAILED_CONNECTS = { count: 20, per_s: 1, percent: 50 } as const;

/** In a second; one overflow already is a connect that failed or waited a second for its second SYN. */
export const LISTEN_OVERFLOWS_PER_S: Limit = { warn: 0, crit: 10 };

/** To find an address: a server that is lost costs 5 s, the resolver's timeout (resolv.conf(5)); 100 ms are slow already. */
export const LOOKUP_MS: Limit = { warn: 2000, crit: 5000 };

/** Of net.netfilter.nf_conntrack_max: when it is reached new connections are dropped. */
export const CONNTRACK_PERCENT: Limit = { warn: 85, crit: 95 };
/** Of net.ipv4.tcp_mem's last figure, and of tcp_max_orphans: then the kernel drops connections. */
export const TCP_MEMORY_PERCENT: Limit = { warn: 85, crit: 98 };
/** Closed by the peer and not by the program, in the whole window: a leak in the program. */
export const CLOSE_WAIT = 1000;

/** Of what the kernel grants in all: file handles, process ids, threads. */
export const KERNEL_TABLE_PERCENT: Limit = { warn: 80, crit: 95 };
/**
 * Of requests of asynchronous I/O. Databases reserve theirs when they start, and need no more then (io_setup(2)): a host
 * whose limit was made for them is nearly full for years, and only the next one to start is refused.
 */
export const ASYNC_IO_PERCENT: Limit = { warn: 95, crit: Infinity };

/**
 * Of a process's soft limit. Not below 256, and not when more are open than allowed: programs that separate privileges
 * lower the limit to what they have, on purpose.
 */
export const FILES_PERCENT: Limit = { warn: 90, crit: 98 };
export const MIN_FILES_LIMIT = 256;
/** Of RLIMIT_NPROC, over all threads of a user; fewer threads are not looked at. */
export const USER_THREADS_PERCENT: Limit = { warn: 90, crit: 98 };
export const MIN_USER_THREADS = 500;
/** Processes that did not run for the whole window while they waited uninterruptibly; one may be a slow device. */
export const STUCK_PROCESSES: Limit = { warn: 1, crit: 10 };
/** For fewer seconds it may be one slow request. */
export const STUCK_S = 2;
/** Of one parent, for the whole window: one that never waits for its children. A few are common and cost nothing. */
export const ZOMBIES = 20;
/** A process that a supervisor started anew, and that lived for less. */
export const SHORT_LIFE_S = 60;

/**
 * Of the periods in which a group ran, those in which it was stopped for the rest; and the time for which it was stopped, of
 * the window. A helper with a small limit is stopped in most periods of the half second in which it does anything, and well.
 */
export const THROTTLED = { periods_percent: 50, min_periods: 10, window_percent: 25 } as const;
/** Of memory.max, without what can be dropped (page cache, caches of the kernel): a container full of cache is well. */
export const GROUP_MEMORY_PERCENT: Limit = { warn: 95, crit: 99 };
export const GROUP_PIDS_PERCENT: Limit = { warn: 90, crit: 98 };

/** Crashes of one program in the log: one is an accident, three are a fault. */
export const SEGFAULTS = 3;
/** Links go up and down while a host boots. */
export const BOOTING_S = 120;
/** Without a memory of the last snapshot: how far back the log is read. */
export const LOG_WITHOUT_MEMORY_S = 600;

/** A time daemon needs some minutes to trust its servers. */
export const CLOCK_SETTLING_S = 900;
/** A clock that was set while we looked; slewing corrects 500 ppm. */
export const CLOCK_JUMP_S = 5;

/**
 * Seconds to a certificate's end, and of its lifetime: the smaller counts. Let's Encrypt's 90 days are renewed 30 days
 * before their end, its 6 days after three.
 */
export const CERTIFICATE_LEFT = {
  warn: { s: 14 * DAY_S, percent: 10 },
  crit: { s: 3 * DAY_S, percent: 3 },
} as const;

/** A reboot that waits is no fault; one that was forgotten for two weeks runs a kernel with known holes. */
export const REBOOT_PENDING_S = 14 * DAY_S;

/** What a figure's value means under a limit where more is worse. */
export function severityOver(value: number, { warn, crit }: Limit): "warning" | "critical" | undefined {
  if (value >= crit) return "critical";
  return value >= warn ? "warning" : undefined;
}

/** The same where less is worse. */
export function severityUnder(value: number, { warn, crit }: Limit): "warning" | "critical" | undefined {
  if (value <= crit) return "critical";
  return value <= warn ? "warning" : undefined;
}
