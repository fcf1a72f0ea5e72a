/** Snapshots of this host, with faults that only their own mounts show. */
import { type Snapshot, snapshot } from "../../src/protocol/snapshot.ts";
import { type CliOptions, type CliResult, ktriage } from "../support/cli.ts";
import { PRIVATE_MOUNTS } from "../support/private_mounts.ts";

/** Short, without programs in the kernel: what is tested is not what they see. */
export const QUICK = ["snapshot", "--window", "200ms", "--no-tools"] as const;

/** The start of a command line whose rest runs after these shell lines, with mounts of its own. */
export function withMounts(...lines: readonly string[]): readonly string[] {
  return [...PRIVATE_MOUNTS, "sh", "-ec", `${lines.join("\n")}\nexec "$@"`, "sh"];
}

/** A file system that is full; it is gone with the process. */
export const FULL_DISK = withMounts("mount -t tmpfs -o size=4m full /mnt", "! cat /dev/zero 2>/dev/null >/mnt/file");

/** Runs `ktriage` and reads what `--json` printed. */
export async function snapshotOf(
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult & { readonly document: Snapshot }> {
  const result = await ktriage([...QUICK, "--json", ...args], options);
  try {
    return { ...result, document: snapshot.parse(JSON.parse(result.stdout)) };
  } catch (error) {
    throw new Error(`no snapshot, exit code ${result.code}:\n${result.stdout}\n${result.stderr}`, { cause: error });
  }
}
