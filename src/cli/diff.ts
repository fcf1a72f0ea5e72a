/** `ktriage diff`: two snapshots side by side. */
import { stringify } from "../protocol/json.ts";
import { type Snapshot, snapshot as snapshotSchema } from "../protocol/snapshot.ts";
import { readVersioned } from "../protocol/versioned.ts";
import { snapshotDiffText } from "../report/snapshot_diff.ts";
import { readSnapshot } from "../snapshot/baseline/history.ts";
import { diffSnapshots, isFailure, type Named } from "../snapshot/diff.ts";
import type { Options } from "./arguments.ts";
import { CliError, UsageError } from "./errors.ts";
import { inputName, readInput } from "./input.ts";
import { agoFrom, orHistoryError, stateToRead } from "./state_option.ts";
import { EXIT, type Invocation } from "./subcommand.ts";
import { FAIL_ON } from "./words.ts";

/** Snapshots of hosts with thousands of disks are a few megabytes. */
const MAX_BYTES = 64 << 20;
const NAMES =
  "Name two of them: files of ktriage snapshot --json, - for standard input, or @last, @2h, @7d of the state.";

/** Prints what is new, worse, better or gone, and which figures changed; exits with 1 when `--fail-on` says so. */
export async function diffSubcommand({ positionals, options, writer }: Invocation): Promise<number> {
  const [before, after, ...others] = positionals;
  if (before === undefined || after === undefined || others.length > 0) {
    throw new UsageError(`Cannot compare ${positionals.length} snapshots.`, NAMES);
  }
  if (before === "-" && after === "-") throw new UsageError("Cannot read both snapshots from standard input.", NAMES);
  const fail_on = options.word("fail-on", FAIL_ON);
  const diff = diffSnapshots(await namedSnapshot(before, options), await namedSnapshot(after, options));
  writer.out(options.has("json") ? `${stringify(diff, 2)}\n` : snapshotDiffText(diff, writer.layout));
  return fail_on !== undefined && isFailure(diff, fail_on) ? EXIT.failed : EXIT.done;
}

async function namedSnapshot(source: string, options: Options): Promise<Named> {
  const snapshot = source.startsWith("@") ? fromState(source, options) : await fromFile(source);
  return { source, snapshot };
}

/** @throws {UsageError} no such name of a moment */
function fromState(source: string, options: Options): Snapshot {
  const ago = source === "@last" ? 0 : agoFrom(source.slice(1));
  if (ago === undefined) {
    throw new UsageError(`Cannot understand ${source}: a moment is @last, @90m, @2h or @7d.`, NAMES);
  }
  const state = stateToRead(options);
  return orHistoryError(() => readSnapshot(state, source === "@last" ? Number.MAX_SAFE_INTEGER : Date.now() - ago));
}

async function fromFile(path: string): Promise<Snapshot> {
  const text = await readInput(path, { what: "a snapshot", max_bytes: MAX_BYTES });
  if (text.trim() === "") {
    throw new CliError(
      `Cannot use ${inputName(path)} as a snapshot: it is empty.`,
      "ktriage snapshot --json > FILE writes one; with --quiet only where the verdict is not OK.",
    );
  }
  try {
    return readVersioned(text, snapshotSchema);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new CliError(
      `Cannot use ${inputName(path)} as a snapshot: ${error.message}.`,
      "ktriage snapshot --json > FILE writes one.",
      { cause: error },
    );
  }
}
