/** Which process has a socket open. */

export interface SocketOwner {
  readonly pid: number;
  readonly comm: string;
}

/**
 * Looks through the descriptors of all processes; the first that has a socket is its owner.
 *
 * @param inodes of the sockets that are looked for
 * @param max_links how many descriptors are looked at: a busy host has a million
 */
export function socketOwners(inodes: ReadonlySet<number>, max_links: number): ReadonlyMap<number, SocketOwner> {
  const owners = new Map<number, SocketOwner>();
  let links = 0;
  for (const { name } of Deno.readDirSync("/proc")) {
    if (owners.size === inodes.size || links >= max_links) break;
    if (!/^\d+$/.test(name)) continue;
    for (const inode of socketsOf(name)) {
      links++;
      if (inodes.has(inode) && !owners.has(inode)) owners.set(inode, { pid: Number(name), comm: commOf(name) });
    }
  }
  return owners;
}

/** Inodes of the sockets of a process, as far as it lives and shows them. */
function* socketsOf(pid: string): Generator<number> {
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${pid}/fd/${name}`)) ?? [];
      if (inode !== undefined) yield Number(inode);
    }
  } catch {
    // it has ended, has closed the descriptor, or is another's
  }
}

function commOf(pid: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/comm`).trimEnd();
  } catch {
    return "?";
  }
}
