/** Kernels to test on, from Debian's mirror; see scripts/fetch-kernel.sh. */

const FETCH = new URL("../../scripts/fetch-kernel.sh", import.meta.url).pathname;

export interface Kernel {
  /** As it was asked for: `5.10`, `newest`. */
  readonly line: string;
  /** As `uname -r` prints it. */
  readonly release: string;
  /** With `vmlinux` and `initramfs.cpio`. */
  readonly folder: string;
}

/** Fetches the newest kernel of a line, or finds it where it was left by an earlier run. */
export async function fetchKernel(line: string): Promise<Kernel> {
  const { success, stdout } = await new Deno.Command(FETCH, { args: [line], stdin: "null", stderr: "inherit" })
    .output();
  if (!success) throw new Error(`Cannot test on Linux ${line}: no kernel could be had, as shown above.`);
  const folder = new TextDecoder().decode(stdout).trim();
  return { line, folder, release: (await Deno.readTextFile(`${folder}/release`)).trim() };
}
