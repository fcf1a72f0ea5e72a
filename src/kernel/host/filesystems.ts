/** How full the file systems are, without ever waiting for one that does not answer. */
import { statfs } from "node:fs/promises";
import type { HostFigures } from "../../protocol/mod.ts";
import { mayHang, type Mount, parseMountinfo, storageMounts, withRoot } from "./mounts.ts";

type Filesystem = HostFigures["filesystems"][number];
type Unreadable = NonNullable<HostFigures["filesystems_unreadable"]>[number];

/** What statfs(2) says, in its own words. */
export interface SpaceFigures {
  readonly block_bytes: number;
  readonly blocks: number;
  readonly blocks_free: number;
  /** Without what is reserved for root. */
  readonly blocks_available: number;
  readonly inodes: number;
  readonly inodes_free: number;
}

export interface FilesystemsOptions {
  /** Milliseconds that a network or FUSE file system has for its answer. Default 500. */
  readonly timeout_ms?: number;
  /** Default: the text of /proc/self/mountinfo. */
  readonly mountinfo?: string;
}

const TIMEOUT_MS = 500;
/** What df(1) asks, in the order of {@link SpaceFigures}: fundamental block size, blocks, free, available, inodes, free. */
const STAT_FORMAT = "%S %b %f %a %c %d";

/** @returns the storage of this host, fullest first, and what did not answer */
export async function readFilesystems(options: FilesystemsOptions = {}): Promise<{
  readonly filesystems: Filesystem[];
  readonly filesystems_unreadable: Unreadable[];
}> {
  const mounts = options.mountinfo === undefined
    ? withRoot(parseMountinfo(await Deno.readTextFile("/proc/self/mountinfo")))
    : parseMountinfo(options.mountinfo);
  const timeout_ms = options.timeout_ms ?? TIMEOUT_MS;
  const answers = await Promise.all(
    storageMounts(mounts).map((mount) => readOne(mount, timeout_ms)),
  );
  return {
    filesystems: answers.filter((answer) => "size_bytes" in answer).filter(({ size_bytes }) => size_bytes > 0)
      .sort((a, b) => b.used_percent - a.used_percent),
    filesystems_unreadable: answers.filter((answer) => "reason" in answer),
  };
}

/** The figures as people know them from df(1): what root has reserved is neither used nor available. */
export function filesystemOf(mount: Mount, figures: SpaceFigures): Filesystem {
  const { block_bytes, blocks, blocks_free, blocks_available, inodes, inodes_free } = figures;
  const used = blocks - blocks_free;
  return {
    mount_point: mount.mount_point,
    type: mount.type,
    size_bytes: blocks * block_bytes,
    available_bytes: blocks_available * block_bytes,
    used_percent: percent(used, used + blocks_available),
    inodes_used_percent: percent(inodes - inodes_free, inodes),
    read_only: mount.read_only,
  };
}

async function readOne(mount: Mount, timeout_ms: number): Promise<Filesystem | Unreadable> {
  const { mount_point, type } = mount;
  try {
    return filesystemOf(mount, await readSpace(mount, timeout_ms));
  } catch (error) {
    return { mount_point, type, reason: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Asks one file system.
 *
 * @throws {Error} no answer within `timeout_ms`, or it cannot be asked
 */
export async function readSpace(
  mount: Pick<Mount, "mount_point" | "type">,
  timeout_ms: number = TIMEOUT_MS,
): Promise<SpaceFigures> {
  return mayHang(mount) ? await askChild(mount.mount_point, timeout_ms) : await askKernel(mount.mount_point);
}

async function askKernel(mount_point: string): Promise<SpaceFigures> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(mount_point);
  return {
    block_bytes: bsize, // statfs(2) of Linux: blocks are counted in f_frsize, which is f_bsize on local file systems
    blocks,
    blocks_free: bfree,
    blocks_available: bavail,
    inodes: files,
    inodes_free: ffree,
  };
}

/**
 * A thread that waits for a dead server can be neither cancelled nor left behind when ktriage ends; a child can be
 * killed, and if even that has to wait for the server, be left behind.
 */
async function askChild(mount_point: string, timeout_ms: number): Promise<SpaceFigures> {
  const child = new Deno.Command("stat", {
    args: ["-f", "-c", STAT_FORMAT, "--", mount_point],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => timeout.resolve(undefined), timeout_ms);
  const answer = await Promise.race([reader.read(), timeout.promise]); // one short line: one read
  clearTimeout(timer);
  await reader.cancel();
  if (answer === undefined) {
    child.kill("SIGKILL");
    child.unref();
    throw new Error(`no answer within ${timeout_ms} ms: its server may be down`);
  }
  await child.status;
  return figuresOf(new TextDecoder().decode(answer.value));
}

function figuresOf(text: string): SpaceFigures {
  const numbers = text.trim().split(" ").map(Number);
  const [block_bytes, blocks, blocks_free, blocks_available, inodes, inodes_free] = numbers;
  if (
    block_bytes === undefined || blocks === undefined || blocks_free === undefined || blocks_available === undefined ||
    inodes === undefined || inodes_free === undefined || numbers.some(Number.isNaN)
  ) throw new Error("it cannot be read");
  return { block_bytes, blocks, blocks_free, blocks_available, inodes, inodes_free };
}

/** To one decimal; 0 where there is nothing to use up. */
function percent(part: number, whole: number): number {
  return whole > 0 ? Math.round(1000 * part / whole) / 10 : 0;
}
