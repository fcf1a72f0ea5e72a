/** Snapshots of this host, with faults that only their own mounts show, or that are killed. */
import assert from "node:assert/strict";
import { type Snapshot, snapshot } from "../../src/protocol/snapshot.ts";
import { type CliOptions, type CliResult, ktriage, type RunningCli } from "../support/cli.ts";
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

/** SIGKILL, as a shell tells of it. */
const KILLED = 128 + 9;

/** Kills it with SIGKILL. It may have ended by then, and is told apart by how: all done, or killed. */
export async function killed(running: RunningCli): Promise<CliResult & { readonly is: "done" | "killed" }> {
  try {
    running.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // Deno has seen its end already
  }
  const result = await running.finished;
  assert.ok([0, KILLED].includes(result.code), `exit code ${result.code}: ${result.stderr}`);
  return { ...result, is: result.code === 0 ? "done" : "killed" };
}
