/** Kernels to test on, from Debian's mirror; see scripts/fetch-kernel.sh. */

import { runCommand } from "./vm_process.ts";

const SCRIPTS = new URL("../../scripts/", import.meta.url).pathname;

export interface Kernel {
  /** As it was asked for: `5.10`, `newest`, `arm64`. */
  readonly line: string;
  readonly arch: typeof Deno.build.arch;
  /** As `uname -r` prints it. */
  readonly release: string;
  /** With `vmlinux` and `initramfs.cpio`. */
  readonly folder: string;
  /** The root of a Debian for another architecture than this host's; without it this host's serves. */
  readonly root?: string;
}

/** Fetches the newest kernel of a line, or finds it where it was left by an earlier run. */
export async function fetchKernel(line: string): Promise<Kernel> {
  const { success, stdout } = await new Deno.Command(`${SCRIPTS}fetch-kernel.sh`, {
    args: [line],
    stdin: "null",
    stderr: "inherit",
  })
    .output();
  if (!success) throw new Error(`Cannot test on Linux ${line}: no kernel could be had, as shown above.`);
  const folder = new TextDecoder().decode(stdout).trim();
  const release = (await Deno.readTextFile(`${folder}/release`)).trim();
  if (line !== "arm64") return { line, folder, release, arch: "x86_64" };
  return { line, folder, release, arch: "aarch64", root: (await runCommand(`${SCRIPTS}fetch-arm64-root.sh`)).trim() };
}
