/** Process ids as the BPF programs hand them over: bpf/include/ids.h. */

/** Set in the ids of a process outside of ktriage's pid namespace. */
const HOST_PROCESS = 0x8000_0000;

/** Whether a tgid or tid is one of the host's, while ktriage sees those of its own pid namespace. */
export function isHostId(id: number): boolean {
  return (id & HOST_PROCESS) !== 0;
}

/** The id without its mark, as results show it. */
export function plainId(id: number): number {
  return id & ~HOST_PROCESS;
}
