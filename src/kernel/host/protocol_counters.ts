/** Counters of the network protocols, as /proc/net has them. */

/** By `<protocol>.<name>`, or by name. */
export type Counters = ReadonlyMap<string, number>;

/**
 * Pairs of lines, names above numbers, as /proc/net/snmp and /proc/net/netstat have them.
 *
 * @returns by `<protocol>.<name>`, for example `TcpExt.ListenOverflows`
 */
export function tabledCounters(text: string | undefined): Counters {
  const counters = new Map<string, number>();
  let names: readonly string[] = [];
  for (const line of (text ?? "").split("\n")) {
    const words = line.trim().split(/\s+/);
    if (words[0] !== names[0]) {
      names = words;
      continue;
    }
    const protocol = (words[0] ?? "").replace(/:$/, "");
    names.forEach((name, at) => {
      const value = Number(words[at]);
      if (at > 0 && Number.isFinite(value)) counters.set(`${protocol}.${name}`, value);
    });
    names = [];
  }
  return counters;
}

/**
 * /proc/net/snmp and /proc/net/netstat of a network namespace: that of a process.
 *
 * @param process its id, or `self`
 */
export function protocolCountersOf(process: number | "self"): Counters {
  return new Map([
    ...tabledCounters(Deno.readTextFileSync(`/proc/${process}/net/snmp`)),
    ...tabledCounters(Deno.readTextFileSync(`/proc/${process}/net/netstat`)),
  ]);
}
