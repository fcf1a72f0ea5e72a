/** A dd that waits to be told, so that it is not one of a session's own processes. */

const FOLDER = new URL("../../build/tests", import.meta.url).pathname;

export class DirectWriter implements AsyncDisposable {
  readonly #file: string;
  readonly #is_own: boolean;
  readonly #child: Deno.ChildProcess;

  /**
   * @param options.is_cached it writes into the page cache, not past it
   * @param options.device where it writes; default: a file of its own
   */
  constructor(options: {
    readonly blocks: number;
    readonly block_bytes: number;
    readonly is_cached?: boolean;
    readonly device?: string;
  }) {
    Deno.mkdirSync(FOLDER, { recursive: true });
    this.#is_own = options.device === undefined;
    this.#file = options.device ?? Deno.makeTempFileSync({ dir: FOLDER });
    const direct = options.is_cached === true ? "" : "oflag=direct";
    const line = `read go || exit; exec dd if=/dev/zero of="$1" bs=$2 count=$3 ${direct} conv=notrunc`;
    this.#child = new Deno.Command("sh", {
      args: ["-c", line, "sh", this.#file, `${options.block_bytes}`, `${options.blocks}`],
      stdin: "piped",
      stderr: "null",
    }).spawn();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** @returns whether the file system can do it, and lies on a disk */
  async go(): Promise<boolean> {
    const input = this.#child.stdin.getWriter();
    await input.write(new TextEncoder().encode("go\n"));
    await input.close();
    const { success } = await this.#child.status;
    // what lies on no disk (tmpfs, an overlay on it, virtiofs) has a device number of its own, with major 0
    return success && majorOf((await Deno.stat(this.#file)).dev) !== 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#child.stdin.locked) await this.#child.stdin.close(); // it was never told to
    await this.#child.status;
    if (this.#is_own) await Deno.remove(this.#file);
  }
}

/** gnu_dev_major(3), as far as Linux uses it. */
function majorOf(device: number): number {
  return (device >> 8) & 0xfff;
}

/** A disk made of a file, which nobody else uses; undefined where this host can make none. */
export async function loopDevice(bytes: number): Promise<(AsyncDisposable & { readonly path: string }) | undefined> {
  const file = await Deno.makeTempFile();
  await Deno.truncate(file, bytes);
  const { success, stdout } = await new Deno.Command("losetup", { args: ["--find", "--show", file], stderr: "null" })
    .output();
  if (!success) {
    await Deno.remove(file);
    return undefined;
  }
  const path = new TextDecoder().decode(stdout).trim();
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await new Deno.Command("losetup", { args: ["--detach", path] }).output();
      await Deno.remove(file);
    },
  };
}
