/** What the options of `ktriage snapshot` say. */
import type { Severity } from "../protocol/snapshot.ts";
import { DEFAULT_STATE_DIR } from "../snapshot/baseline/mod.ts";
import type { Invocation } from "./subcommand.ts";
import { durationFrom } from "./duration.ts";
import { UsageError } from "./errors.ts";
import { DIAGNOSE_ON, FAIL_ON } from "./words.ts";

const WINDOW = { min_ms: 100, max_ms: 600_000 }, JITTER = { min_ms: 0, max_ms: 3_600_000 };
const TIMEOUT = { min_ms: 1_000, max_ms: 3_600_000 };
const DEFAULT_WINDOW_MS = 10_000;
/** Beside the window: more than all collectors need on a host with ten thousand processes and slow disks. */
const TIMEOUT_BESIDE_MS = 50_000;

const SEVERITY = { "on-warning": "warning", "on-critical": "critical" } as const satisfies Record<string, Severity>;

export interface SnapshotOptions {
  readonly window_ms: number;
  readonly jitter_ms: number;
  readonly timeout_ms: number;
  /** Undefined: nothing is kept. */
  readonly state_dir: string | undefined;
  readonly tools: "run" | "left out";
  /** A name to look up. */
  readonly resolve: string | undefined;
  readonly output: "page" | "json" | "check";
  readonly html: string | undefined;
  readonly prom: string | undefined;
  readonly quiet: boolean;
  readonly fail_on: typeof FAIL_ON[number] | undefined;
  readonly diagnose_on: Severity | undefined;
  readonly case_file: string | undefined;
}

/** @throws {UsageError} what cannot be understood, or does not go together */
export function snapshotOptions({ positionals, options }: Invocation): SnapshotOptions {
  const [operand] = positionals;
  if (operand !== undefined) throw new UsageError(`Cannot use "${operand}": snapshot takes no operands.`);
  const output = options.has("check") ? "check" : options.has("json") ? "json" : "page";
  if (options.has("check") && options.has("json")) {
    throw new UsageError("Cannot print one line for monitoring and JSON at once.", "Leave out --check or --json.");
  }
  const [html, prom, case_file] = ["html", "prom", "case"].map((name) => fileFrom(options.text(name), name));
  const window_ms = durationFrom(options, "window", WINDOW) ?? DEFAULT_WINDOW_MS;
  const timeout_ms = durationFrom(options, "timeout", TIMEOUT) ?? window_ms + TIMEOUT_BESIDE_MS;
  if (timeout_ms <= window_ms) {
    throw new UsageError("Cannot look for longer than the whole may take: --timeout must be longer than --window.");
  }
  const on = options.word("diagnose", DIAGNOSE_ON) ?? (case_file === undefined ? undefined : "on-warning");
  const diagnose = on === undefined ? undefined : SEVERITY[on];
  const state_dir = stateDir(options.text("state"), Deno.uid());
  if (diagnose !== undefined && state_dir === undefined) {
    throw new UsageError(
      "Cannot diagnose without a state directory: nobody would know when the same finding was diagnosed last.",
      "Name one with --state DIR.",
    );
  }
  if (diagnose !== undefined && output === "check") {
    throw new UsageError("Cannot diagnose in a check: monitoring waits for its end.", "Let cron diagnose.");
  }
  const fail_on = options.word("fail-on", FAIL_ON);
  if (fail_on !== undefined && output === "check") {
    throw new UsageError("Cannot choose the exit code of a check: monitoring knows its four.", "Leave out --fail-on.");
  }
  if (fail_on === "change" && state_dir === undefined) {
    throw new UsageError(
      "Cannot tell a change without a state directory: nobody would know the verdict before.",
      "Name one with --state DIR.",
    );
  }
  return {
    window_ms,
    timeout_ms,
    jitter_ms: durationFrom(options, "jitter", JITTER) ?? 0,
    state_dir,
    tools: options.has("no-tools") ? "left out" : "run",
    resolve: nameFrom(options.text("resolve")),
    output,
    html,
    prom,
    quiet: options.has("quiet"),
    fail_on,
    diagnose_on: diagnose,
    case_file,
  };
}

/** Root keeps its past by default; whoever else names a folder. `none` keeps nothing. */
export function stateDir(given: string | undefined, uid: number | null): string | undefined {
  if (given === "none") return undefined;
  if (given === "") {
    throw new UsageError("Cannot keep snapshots in a folder without a name.", "--state none keeps nothing.");
  }
  return given ?? (uid === 0 ? DEFAULT_STATE_DIR : undefined);
}

/** RFC 1035: 253 characters at most. */
function nameFrom(name: string | undefined): string | undefined {
  if (name === undefined || /^[\w.-]{1,253}$/.test(name)) return name;
  throw new UsageError(`Cannot look up "${name}": it is no name of a host.`);
}

function fileFrom(path: string | undefined, name: string): string | undefined {
  if (path === "" || path === "-") {
    throw new UsageError(`Cannot write --${name} to standard output: it takes the name of a file.`);
  }
  return path;
}
