/** What the self-test consists of: parts that are run one after the other, each a row of the table. */
import type { Capability, SelfTestItem } from "../protocol/mod.ts";
import { Absent, Fault } from "./fault.ts";

/** What came of a part that works. */
export interface Done {
  /** How it is done here. */
  readonly attached_as?: string;
  readonly detail: string;
}

export interface Part<Ground> {
  readonly id: string;
  /** Capabilities, as `ktriage check` names them, without which this host cannot have it. */
  readonly needs: readonly string[];
  /**
   * @throws {Fault} it should work here and does not
   * @throws {Absent} this host does not have it
   */
  readonly run: (ground: Ground) => Promise<Done>;
}

export interface Circumstances {
  /** What `ktriage check` found. */
  readonly capabilities: readonly Capability[];
  /** Once it is aborted, nothing more is tried. */
  readonly signal: AbortSignal;
}

/** Runs a part; what this host is known to lack is not tried. */
export async function runPart<Ground>(
  { id, needs, run }: Part<Ground>,
  ground: Ground,
  { capabilities, signal }: Circumstances,
): Promise<SelfTestItem> {
  if (signal.aborted) return without(id, "untried", { detail: "the test was interrupted" });
  const lacking = capabilities.find((capability) => needs.includes(capability.id) && !capability.available);
  if (lacking !== undefined) return without(id, "absent", lacking);
  const started = performance.now();
  const took = (): number => Math.round(performance.now() - started);
  try {
    const done = await run(ground);
    return { id, outcome: "ok", ...done, duration_ms: took() };
  } catch (error) {
    if (error instanceof Absent) return without(id, "absent", { detail: error.message, fix: error.fix });
    if (error instanceof Fault) {
      return { id, outcome: "failed", detail: error.message, fix: error.fix, duration_ms: took() };
    }
    const detail = error instanceof Error ? error.message : String(error);
    return { id, outcome: "failed", detail, fix: new Fault("").fix, duration_ms: took() };
  }
}

/** A row for what nothing was done for. */
export function without(id: string, outcome: "absent" | "untried", { detail, fix }: Reason): SelfTestItem {
  return { id, outcome, detail, ...(fix === undefined ? {} : { fix }), duration_ms: 0 };
}

interface Reason {
  readonly detail: string;
  readonly fix?: string | undefined;
}
