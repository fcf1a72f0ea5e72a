/** This host's files for a virtual machine, through virtiofs. */
import { exists } from "../../src/kernel/exists.ts";
import { PRIVATE_MOUNTS } from "./private_mounts.ts";
import { BoundProcess, quoted, runCommand } from "./vm_process.ts";

/** Debian 12 brings the one in C with QEMU, later releases have the one in Rust. */
const SERVERS = [
  {
    path: "/usr/libexec/virtiofsd",
    args: (socket: string, root: string) =>
      `--socket-path=${socket} --shared-dir=${root} --sandbox=chroot --cache=always --log-level=error`,
  },
  {
    path: "/usr/lib/qemu/virtiofsd",
    args: (socket: string, root: string) =>
      `-f --socket-path=${socket} -o source=${root} -o sandbox=chroot -o cache=always -o log_level=err`,
  },
];

/** Whose files are served until it is disposed of. */
export interface FileServer extends AsyncDisposable {
  readonly socket: string;
}

/**
 * Serves this host's root, read-only. Of what is mounted below it only that shows which `needed` paths are on.
 *
 * @param folder for the socket and the like
 * @throws {Error} the server does not start
 */
export async function serveFiles(folder: string, needed: readonly string[]): Promise<FileServer> {
  const root = `${folder}/root`;
  const socket = `${folder}/socket`;
  const log = `${folder}/virtiofsd`;
  const server = SERVERS.find(({ path }) => exists(path));
  if (server === undefined) {
    throw new Error("Cannot start a virtual machine: virtiofsd is missing. Run scripts/setup --for test.");
  }
  await Deno.mkdir(root);
  const mounts = ["/", ...new Set(needed.flatMap(mountPoints))];
  const script = [
    // It holds a descriptor for every file that the machine knows.
    'ulimit -n "$(cat /proc/sys/fs/nr_open)" 2>/dev/null',
    "set -e",
    ...mounts.map((path) => `mount --bind ${quoted(path)} ${quoted(root + path)}`),
    ...mounts.map((path) => `mount -o remount,bind,ro ${quoted(root + path)}`),
    `exec ${server.path} ${server.args(quoted(socket), quoted(root))} `,
  ].join("\n");
  const process = new BoundProcess([...PRIVATE_MOUNTS, "sh", "-c", `exec >${quoted(log)} 2>&1\n${script}`], "null");
  let ended = false;
  process.ended.then(() => ended = true);
  while (!exists(socket) && !ended) await new Promise((done) => setTimeout(done, 10));
  if (ended) throw new Error(`Cannot serve files to a virtual machine:\n${await Deno.readTextFile(log)}`);
  return { socket, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

/** What must be visible for Deno to run this checkout's tests without a network. */
export async function filesOfTests(): Promise<string[]> {
  return [new URL("../..", import.meta.url).pathname, await denoDir(), Deno.execPath()];
}

/** Where Deno keeps what it has fetched and compiled. */
export async function denoDir(): Promise<string> {
  return (JSON.parse(await runCommand(Deno.execPath(), "info", "--json")) as { denoDir: string }).denoDir;
}

/** The mounts that a path lies on, from the outermost on, without the root's. */
function mountPoints(path: string): string[] {
  const parents = path.split("/").slice(1).map((_, i, names) => `/${names.slice(0, i + 1).join("/")}`);
  return parents.filter((parent, i) => deviceOf(parent) !== deviceOf(parents[i - 1] ?? "/"));
}

function deviceOf(path: string): number {
  return Deno.statSync(path).dev;
}
