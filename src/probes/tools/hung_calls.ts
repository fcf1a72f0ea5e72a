/** Calls that had not returned when the window ended: what a thread is in, and which file that is, from /proc. */
import type { ToolObject } from "./object.ts";

/** struct call of bpf/tools/slow_files.bpf.c, by thread id. */
const CALL = { start_ns: 0, operation: 8, bytes: 16 } as const;
/** Threads wait in reads of sockets by the thousand: so many are looked at. */
const MAX_LOOKED_AT = 500;

export interface HungCall {
  readonly tid: number;
  readonly tgid: number;
  readonly comm: string;
  readonly operation: number;
  /** Of the file; of a call by path undefined. */
  readonly path: string | undefined;
  readonly waited_ns: number;
}

/** @param options.by_path from this operation on they take a path, not a descriptor */
export function hungCalls(
  object: ToolObject,
  options: { readonly now_ns: bigint; readonly threshold_ns: number; readonly by_path: number },
): HungCall[] {
  const waiting: { readonly tid: number; readonly operation: number; readonly waited_ns: number }[] = [];
  object.forEachRow("calls", { key_bytes: 4, value_bytes: CALL.bytes }, (key, value) => {
    const start_ns = value.getBigUint64(CALL.start_ns, true), waited_ns = Number(options.now_ns - start_ns);
    if (start_ns === 0n || waited_ns < options.threshold_ns) return;
    waiting.push({ tid: key.getUint32(0, true), operation: value.getUint32(CALL.operation, true), waited_ns });
  });
  waiting.sort((a, b) => b.waited_ns - a.waited_ns);
  return waiting.slice(0, MAX_LOOKED_AT).flatMap(({ tid, operation, waited_ns }): HungCall[] => {
    const status = textOf(`/proc/${tid}/status`);
    const tgid = Number(/^Tgid:\t(\d+)$/m.exec(status)?.[1] ?? NaN), comm = /^Name:\t(.*)$/m.exec(status)?.[1];
    if (Number.isNaN(tgid) || comm === undefined || tgid === Deno.pid) return [];
    if (operation >= options.by_path) return [{ tid, tgid, comm, operation, waited_ns, path: undefined }];
    const path = fileOf(tid);
    return path === undefined ? [] : [{ tid, tgid, comm, operation, waited_ns, path }];
  });
}

/** The file that the call a thread is in is about; undefined for what is none, or cannot be told. */
function fileOf(tid: number): string | undefined {
  // number, then arguments in hexadecimal: proc(5)
  const [, fd] = /^\d+ (0x[0-9a-f]+) /.exec(textOf(`/proc/${tid}/syscall`)) ?? [];
  return fd === undefined ? undefined : fileBehind(tid, Number(fd));
}

/** What a descriptor of a process points to now; undefined where that is no file, or it is closed. */
export function fileBehind(process: number, fd: number): string | undefined {
  try {
    const link = Deno.readLinkSync(`/proc/${process}/fd/${fd}`);
    return link.startsWith("/") && !/^\/dev\/(pts|tty|null|zero)/.test(link) ? link : undefined;
  } catch {
    return undefined;
  }
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // it has ended
  }
}
