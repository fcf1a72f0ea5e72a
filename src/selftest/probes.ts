/** Every kind of program: attached, hit by the worker, and its events held against what the worker did. */
import { NUMBER_FUNCTION } from "../ffi/known_calls.ts";
import { shownPid } from "../kernel/host/itself.ts";
import type { TraceEvent } from "../protocol/result.ts";
import { type Deeds, DIRECTORY_FD, OPENS, WORKER_NAME } from "./deeds.ts";
import { must } from "./fault.ts";
import type { Done, Part } from "./part.ts";
import { Provoker } from "./provoker.ts";
import { type Asked, type Bench, mustHit, traceRound, traceWorker } from "./tracing.ts";

/** Called once for every open(2); renamed since, which the engine knows. */
const OPEN_FUNCTION = "do_filp_open";
const OPEN_CALL = "syscalls/sys_enter_openat", RENAME = "task/task_rename";
/** Beyond the largest process id that Linux has (PID_MAX_LIMIT). */
const NO_PROCESS = 1 << 22;
const ENOENT = -2;

interface Kind {
  readonly id: string;
  readonly needs: readonly string[];
  readonly asked: Asked;
  /** Fails for an event that is not what the worker did. */
  readonly check: (events: readonly TraceEvent[], deeds: Deeds) => void;
  readonly hits: number;
  readonly saw: string;
}

const CALLED = `${OPENS} calls, with what they were given`;
const RETURNED = `${OPENS} calls, with what they were given, result and time`;

const KINDS: readonly Kind[] = [
  {
    id: "tracepoint",
    needs: ["tracepoint"],
    asked: { type: "tracepoint", target: RENAME },
    check: (events, { names }) => checkNames(events, names, "newcomm"),
    hits: 2,
    saw: "2 changes of name, with the names",
  },
  {
    id: "system_call",
    needs: ["tracepoint"],
    asked: { type: "tracepoint", target: OPEN_CALL },
    check: checkSystemCalls,
    hits: OPENS,
    saw: `${OPENS} opens, with path, result and time`,
  },
  {
    id: "raw_tracepoint",
    needs: ["raw_tracepoint", "btf"],
    asked: { type: "raw_tracepoint", target: RENAME, kind: "raw_tracepoint" },
    check: (events, { names }) => checkNames(events, names, "comm"),
    hits: 2,
    saw: "2 changes of name, with the names",
  },
  onFunction("kprobe", "kprobe", { type: "kprobe", kind: "kprobe" }),
  onFunction("kretprobe", "kprobe", { type: "kretprobe", kind: "kretprobe" }),
  onFunction("kprobe_multi", "kprobe_multi", { type: "kprobe", kind: "kprobe_multi" }),
  onFunction("kretprobe_multi", "kprobe_multi", { type: "kretprobe", kind: "kprobe_session" }),
  onFunction("fentry", "fentry", { type: "fentry", kind: "fentry" }),
  onFunction("fexit", "fentry", { type: "fexit", kind: "fexit" }),
  {
    id: "kernel_function",
    needs: ["tracepoint"],
    asked: { type: "kprobe", target: OPEN_FUNCTION },
    check: checkCalls,
    hits: OPENS,
    saw: `${OPENS} calls, the best way that this kernel has`,
  },
  {
    id: "uprobe",
    needs: ["uprobe"],
    asked: { type: "uprobe", target: NUMBER_FUNCTION, capture: ["arg0:str"] },
    check: checkTexts,
    hits: OPENS,
    saw: CALLED,
  },
  {
    id: "uretprobe",
    needs: ["uprobe"],
    asked: { type: "uretprobe", target: NUMBER_FUNCTION, capture: ["arg0:str", "ret:s32"] },
    check: (events, deeds) => {
      checkTexts(events, deeds);
      each(events, ({ data }) => Number(data["ret"]) === deeds.number, `the result is ${deeds.number}`);
      each(events, tookTime, "it took time");
    },
    hits: OPENS,
    saw: RETURNED,
  },
];

function onFunction(id: string, needs: string, asked: Pick<Asked, "type" | "kind">): Kind {
  const on_return = asked.type === "kretprobe" || asked.type === "fexit";
  return {
    id,
    needs: [needs],
    asked: { ...asked, target: OPEN_FUNCTION },
    check: on_return ? checkReturns : checkCalls,
    hits: OPENS,
    saw: on_return ? RETURNED : CALLED,
  };
}

/** Parts that trace, in the order of the table. */
export function probeParts(): readonly Part<Bench>[] {
  return [
    ...KINDS.map((kind): Part<Bench> => ({ id: kind.id, needs: kind.needs, run: (bench) => runKind(kind, bench) })),
    { id: "histogram", needs: ["tracepoint"], run: countLatencies },
    { id: "filters", needs: ["tracepoint"], run: filter },
    { id: "own_processes", needs: ["tracepoint"], run: leaveOwnOut },
  ];
}

async function runKind({ asked, check, hits, saw }: Kind, bench: Bench): Promise<Done> {
  const { deeds, seen } = await traceWorker(bench, asked);
  mustHit(seen, hits);
  must(seen.events.length === seen.counts.hits, () => `${seen.events.length} events came of ${seen.counts.hits} hits`);
  each(seen.events, ({ process_id }) => process_id === deeds.pid, `it is process ${deeds.pid}`);
  check(seen.events, deeds);
  return { attached_as: seen.attached_as, detail: saw };
}

async function countLatencies(bench: Bench): Promise<Done> {
  const { seen } = await traceWorker(bench, { type: "tracepoint", target: OPEN_CALL, aggregate: "latency" });
  mustHit(seen, OPENS);
  const { histogram = [], hits } = seen.counts;
  const calls = histogram.reduce((sum, { count }) => sum + count, 0);
  must(calls === hits, () => `${calls} of ${hits} calls are in the histogram`);
  must(seen.events.length === 0, () => `${seen.events.length} events came as well`);
  return { attached_as: seen.attached_as, detail: `${OPENS} times, counted in the kernel alone` };
}

async function filter(bench: Bench): Promise<Done> {
  const { pid } = bench.worker, user_id = Deno.uid() ?? 0;
  const wanted = [{ pid, tid: pid, comm: WORKER_NAME, uid: user_id }, { pid, comm: `${WORKER_NAME.slice(0, -3)}*` }];
  const unwanted = [{ pid: NO_PROCESS }, { pid, tid: NO_PROCESS }, { pid, comm: "ktriage-nobody" }, {
    pid,
    uid: user_id + 1,
  }];
  const asked = [...wanted, ...unwanted].map((filters): Asked => ({ type: "tracepoint", target: OPEN_CALL, filters }));
  const { seen } = await traceRound(bench, asked);
  for (const [i, each] of seen.entries()) {
    const named = Object.entries(asked[i]?.filters ?? {}).map(([name, value]) => `${name} ${value}`).join(", ");
    if (i < wanted.length) mustHit(each, OPENS);
    else must(each.counts.hits === 0, () => `${each.counts.hits} hits passed a filter that none should pass: ${named}`);
  }
  return {
    attached_as: "in the kernel",
    detail: "pid, tid, uid and comm let the right process through and no other",
  };
}

/** What ktriage starts while it traces is its own, like itself: another worker does the same unseen. */
async function leaveOwnOut(bench: Bench): Promise<Done> {
  await using own = new Provoker();
  await own.provoke();
  const request = { type: "tracepoint", target: OPEN_CALL } as const;
  const asked = [{ pid: bench.worker.pid }, { pid: own.pid }, { pid: shownPid() }].map((filters) => ({
    ...request,
    filters,
  }));
  const { seen: [others, child, itself] } = await traceRound(bench, asked, async () => {
    await own.provoke();
    for (let i = 0; i < OPENS; i++) Deno.openSync("/proc/self/comm").close();
  });
  if (others !== undefined) mustHit(others, OPENS);
  must(child?.counts.hits === 0, () => `${child?.counts.hits} hits of a process that ktriage started`);
  must(itself?.counts.hits === 0, () => `${itself?.counts.hits} hits of ktriage itself`);
  return { attached_as: "in the kernel", detail: "neither ktriage nor what it starts is traced" };
}

function checkSystemCalls(events: readonly TraceEvent[], deeds: Deeds): void {
  const paths = new Set(deeds.paths);
  each(events, ({ data }) => paths.delete(String(data["filename"])), "the path is one that was opened, each once");
  each(events, ({ data }) => data["ret"] === deeds.opened && data["error"] === "ENOENT", "it returned ENOENT");
  each(events, tookTime, "it took time");
  each(events, ({ process_name }) => process_name === WORKER_NAME, `it is ${WORKER_NAME}`);
}

function checkNames(events: readonly TraceEvent[], names: readonly string[], field: string): void {
  const taken = names.slice(1);
  each(events, ({ data }) => taken.includes(String(data[field])), `${field} is one of ${taken.join(", ")}`);
}

/** The descriptor is an argument that needs no types; the path is there where the kernel has its types, or as a tracepoint's. */
function checkCalls(events: readonly TraceEvent[], deeds: Deeds): void {
  each(events, ({ data }) => Number(data["dfd"] ?? data["arg0"]) === DIRECTORY_FD, `the descriptor is ${DIRECTORY_FD}`);
  each(events, ({ data }) => {
    const path = data["pathname"] ?? data["name"] ?? data["filename"];
    return path === undefined || deeds.paths.includes(String(path));
  }, "the path is one that was opened");
}

function checkReturns(events: readonly TraceEvent[], deeds: Deeds): void {
  checkCalls(events, deeds);
  each(events, ({ data }) => returned(data["ret"]) === ENOENT, "it returned ENOENT");
  each(events, tookTime, "it took time");
}

/** A pointer that stands for an error; without types it is shown as an address. */
function returned(value: unknown): number {
  return Number(BigInt.asIntN(64, BigInt(String(value))));
}

function checkTexts(events: readonly TraceEvent[], { text }: Deeds): void {
  each(events, ({ data }) => data["arg0"] === text, `the text is ${text}`);
}

function tookTime({ data }: TraceEvent): boolean {
  return Number(data["latency_ns"]) > 0;
}

/** @throws {Fault} with the first event of which it does not hold */
function each(events: readonly TraceEvent[], holds: (event: TraceEvent) => boolean, what: string): void {
  const other = events.find((event) => !holds(event));
  must(other === undefined, () => `an event is not what was done (${what}): ${JSON.stringify(other)}`);
}
