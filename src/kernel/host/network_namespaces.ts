/** The network namespaces of this host, each seen through one of its processes. */

export interface NetworkNamespace {
  /** Inode, as `readlink /proc/PID/ns/net` shows it. */
  readonly id: number;
  /** A process in it, whose /proc/PID/net is that of the namespace. */
  readonly pid: number;
  readonly is_own: boolean;
}

/** Our own first. @param limit how many; a host of many containers has hundreds */
export function networkNamespaces(limit: number): readonly NetworkNamespace[] {
  const own = namespaceOf("self");
  const found = new Map<number, NetworkNamespace>();
  if (own !== undefined) found.set(own, { id: own, pid: Deno.pid, is_own: true });
  for (const { name } of Deno.readDirSync("/proc")) {
    if (found.size >= limit) break;
    const id = /^\d+$/.test(name) ? namespaceOf(name) : undefined;
    if (id !== undefined && !found.has(id)) found.set(id, { id, pid: Number(name), is_own: false });
  }
  return [...found.values()];
}

/** Undefined where the process has ended or does not show it to us. */
export function namespaceOf(process: string): number | undefined {
  try {
    const [, id] = /^net:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${process}/ns/net`)) ?? [];
    return id === undefined ? undefined : Number(id);
  } catch {
    return undefined;
  }
}
