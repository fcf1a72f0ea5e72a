/** What a process has open. */

export interface Holdings {
  /** How many by path, or by kind where there is no path: `/dev/null`, `socket: tcp CLOSE_WAIT`, `pipe`, `eventfd`. */
  readonly kinds: ReadonlyMap<string, number>;
  readonly sockets: number;
  /** Soft limit of open files; undefined where it has none, or cannot be read. */
  readonly limit?: number;
}

/** Of a process with more only the first ones are looked at. */
const MAX_FILES = 5000;
/** States of include/net/tcp_states.h, by their number. */
const TCP_STATES =
  "? ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN CLOSING".split(" ");

/** @returns undefined where the process has ended, or may not be looked at */
export function openFiles(pid: number): number | undefined {
  try {
    // since Linux 6.2 the folder's size is the number of its entries; before, it is 0 (proc_pid_fd(5))
    const { size } = Deno.statSync(`/proc/${pid}/fd`);
    return size > 0 ? size : [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  } catch {
    return undefined;
  }
}

/** @returns undefined where the process has ended, or may not be looked at */
export function holdingsOf(pid: number): Holdings | undefined {
  const targets = targetsOf(pid);
  if (targets === undefined) return undefined;
  const inodes = targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
  const sockets = inodes.length === 0 ? new Map<string, string>() : socketKinds(pid);
  const kinds = new Map<string, number>();
  for (const target of targets) {
    const kind = kindOf(target, sockets);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const limit = parseFileLimit(textOf(`/proc/${pid}/limits`));
  return { kinds, sockets: inodes.length, ...(limit === undefined ? {} : { limit }) };
}

function targetsOf(pid: number): string[] | undefined {
  try {
    const names = [...Deno.readDirSync(`/proc/${pid}/fd`)].slice(0, MAX_FILES);
    return names.flatMap(({ name }) => {
      try {
        return [Deno.readLinkSync(`/proc/${pid}/fd/${name}`)];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return undefined;
  }
}

function kindOf(target: string, sockets: ReadonlyMap<string, string>): string {
  const [, what, inode = ""] = /^(socket|pipe|mnt|net):\[(\d+)\]$/.exec(target) ?? [];
  if (what === "socket") return `socket: ${sockets.get(inode) ?? "other"}`;
  if (what !== undefined) return what;
  return target.replace(/^anon_inode:\[?([^\]]+)\]?$/, "$1");
}

/** Protocols, and states of TCP, by inode, in the process's own network namespace (proc_pid_net(5)). */
function socketKinds(pid: number): Map<string, string> {
  const kinds = new Map<string, string>();
  for (const protocol of ["tcp", "tcp6", "udp", "udp6"]) {
    for (const [inode, state] of parseSocketTable(textOf(`/proc/${pid}/net/${protocol}`))) {
      const name = protocol.replace(/6$/, "");
      kinds.set(inode, name === "tcp" ? `tcp ${TCP_STATES[state] ?? state}` : name);
    }
  }
  for (const [, inode = ""] of textOf(`/proc/${pid}/net/unix`).matchAll(/^\S+: \S+ \S+ \S+ \S+ \S+ +(\d+)/gm)) {
    kinds.set(inode, "unix");
  }
  return kinds;
}

/** `/proc/net/tcp` and its like: the state is the fourth column, the inode the tenth. */
export function parseSocketTable(text: string): [inode: string, state: number][] {
  return text.split("\n").slice(1).flatMap((line): [string, number][] => {
    const columns = line.trim().split(/\s+/), [state, inode] = [columns[3], columns[9]];
    return state === undefined || inode === undefined ? [] : [[inode, Number.parseInt(state, 16)]];
  });
}

/** The soft one of `/proc/PID/limits`. */
export function parseFileLimit(limits: string): number | undefined {
  const [, limit] = /^Max open files +(\d+) /m.exec(limits) ?? [];
  return limit === undefined ? undefined : Number(limit);
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // gone, or not there in this kernel
  }
}
