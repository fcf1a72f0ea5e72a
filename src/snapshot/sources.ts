/** This host as the source of a snapshot: bounded reads that never wait for a server. */
import { readKernelClock } from "../ffi/clock.ts";
import { readSpace } from "../kernel/host/filesystems.ts";
import { readKernelLog } from "../kernel/host/kernel_log.ts";
import { mayHang, parseMountinfo } from "../kernel/host/mounts.ts";
import type { FileFacts, Sources, Space } from "./collector.ts";

/** A text beyond is cut: /proc/net/tcp of 28,000 sockets, a hundred times what any other file has. */
const MAX_TEXT_BYTES = 4 << 20;
/** No certificate is longer. */
const MAX_BYTES = 256 << 10;
const OUTPUT_TIMEOUT_MS = 3000;
/** Under cron there may be none, or one without sbin. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const KERNEL_LOG = "/dev/kmsg";

/** Sources of one snapshot of this host. */
export function hostSources(): Sources {
  const buffer = new Uint8Array(64 << 10);
  return {
    text: (path) => path === KERNEL_LOG ? readKernelLog() : textOf(path, buffer),
    bytes: (path) => onSafeGround(path) ? bytesOf(path) : undefined,
    names: (path) => entries(path).map(({ name }) => name),
    folders: (path) => entries(path).filter(({ isDirectory }) => isDirectory).map(({ name }) => name),
    link: (path) => orUndefined(() => Deno.readLinkSync(path)),
    facts: (path) => orUndefined(() => factsOf(path)),
    space: async (mount) => await spaceOf(mount),
    output: outputOf,
    clock: readKernelClock,
    now: Date.now,
  };
}

const decoder = new TextDecoder();

/** Without asking for the size, which files of /proc do not have; a file that fits takes two reads. */
function textOf(path: string, buffer: Uint8Array<ArrayBuffer>): string | undefined {
  try {
    using file = Deno.openSync(path);
    let text = "";
    for (let bytes = 0; bytes < MAX_TEXT_BYTES;) {
      const length = file.readSync(buffer) ?? 0;
      if (length === 0) break;
      text += decoder.decode(buffer.subarray(0, length), { stream: true });
      bytes += length;
    }
    return text + decoder.decode();
  } catch (error) {
    decoder.decode(); // forget half a character
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function bytesOf(path: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    if (!Deno.statSync(path).isFile) return undefined; // opening a pipe would wait for its writer
    using file = Deno.openSync(path);
    const bytes = new Uint8Array(MAX_BYTES);
    return bytes.subarray(0, file.readSync(bytes) ?? 0);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Whether a path lies on a file system that answers by itself, also a path below the root of a process. */
function onSafeGround(path: string): boolean {
  const [, pid = "self", inside = path] = /^\/proc\/(\d+)\/root(\/.*)$/.exec(path) ?? [];
  const mounts = parseMountinfo(textOf(`/proc/${pid}/mountinfo`, new Uint8Array(64 << 10)) ?? "");
  const none = { mount_point: "", type: "" };
  const deepest = mounts
    .filter(({ mount_point: at }) => at === "/" || inside === at || inside.startsWith(`${at}/`))
    .reduce<typeof none>((a, b) => b.mount_point.length >= a.mount_point.length ? b : a, none);
  return !mayHang(deepest);
}

function entries(path: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(path)];
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

function factsOf(path: string): FileFacts {
  const { size, mtime, uid } = Deno.statSync(path);
  return { size_bytes: size, modified_ms: mtime?.getTime() ?? 0, user_id: uid ?? 0 };
}

async function spaceOf(mount: Parameters<Sources["space"]>[0]): Promise<Space> {
  const { block_bytes, blocks, blocks_available, inodes, inodes_free } = await readSpace(mount);
  return {
    size_bytes: blocks * block_bytes,
    available_bytes: blocks_available * block_bytes,
    inodes,
    inodes_free,
  };
}

async function outputOf([program, ...args]: readonly [string, ...string[]]): Promise<string | undefined> {
  const command = new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
    env: { LC_ALL: "C", PATH },
    signal: AbortSignal.timeout(OUTPUT_TIMEOUT_MS),
  });
  try {
    const { code, signal, stdout } = await command.output();
    if (signal !== null) throw new Error(`${program} did not end within ${OUTPUT_TIMEOUT_MS} ms`);
    if (code !== 0) throw new Error(`${program} ended with exit code ${code}`);
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** No such file; a process that has ended; a folder on the way that is none. */
function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    /\(os error (3|6|19)\)/.test(String(error)); // ESRCH, ENXIO, ENODEV
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
