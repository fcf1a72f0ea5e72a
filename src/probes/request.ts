/** What is asked of one program, as far as planning it needs to know. */
import { type Aggregate, AGGREGATES, MAX_CAPTURES } from "../protocol/limits.ts";
import type { EbpfProgram, ProbeType } from "../protocol/request.ts";
import type { Refusal } from "./plan/tracepoint.ts";
import { parseTarget, type Target } from "./target.ts";

export type ProgramRequest = Pick<EbpfProgram, "type" | "target" | "filters" | "capture" | "aggregate">;

/** A request whose words are all understood. */
export interface Wish extends Target {
  /** What the asker named, `kprobe:do_fork`, for messages. */
  readonly asked: string;
  readonly capture: readonly string[];
  readonly aggregate?: Aggregate;
  /** Of the filters: whose functions are looked up. */
  readonly pid?: number;
}

/** @returns a refusal for what this version does not know, or gives no room for */
export function understand(request: ProgramRequest): Wish | Refusal {
  const { type, target } = parseTarget(request.target, request.type);
  const asked = `${type}:${target}`;
  const { capture = [], filters } = request;
  const aggregate = request.aggregate === "" ? undefined : request.aggregate;
  if (capture.length > MAX_CAPTURES) {
    return {
      error: `Cannot capture ${capture.length} fields of ${asked}: one program reads ${MAX_CAPTURES} at most.`,
      hint: "Ask for two programs on the same target.",
    };
  }
  if (aggregate !== undefined && !isAggregate(aggregate)) {
    return {
      error: `Cannot aggregate ${asked} by ${aggregate}: this version of ktriage does not know that.`,
      hint: `It knows ${AGGREGATES.join(" and ")}; without aggregate the result holds the events.`,
    };
  }
  return {
    type,
    target,
    asked,
    capture,
    ...(aggregate === undefined ? {} : { aggregate }),
    ...(filters?.pid === undefined ? {} : { pid: filters.pid }),
  };
}

function isAggregate(word: string): word is Aggregate {
  return AGGREGATES.some((known) => known === word);
}

const RETURN_TYPES: ReadonlySet<ProbeType> = new Set(["kretprobe", "fexit", "uretprobe"]);

/** The type fires when the function returns. */
export function isReturnType(type: ProbeType): boolean {
  return RETURN_TYPES.has(type);
}

/** A latency ends with the return, and only there is a value returned. */
export function needsReturn({ type, aggregate, capture }: Wish): boolean {
  return isReturnType(type) || aggregate === "latency" || capture.some((text) => /^\s*ret(val)?\b/.test(text));
}
