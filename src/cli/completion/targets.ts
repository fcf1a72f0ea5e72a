/** Targets that begin with what somebody has typed, for completion: nothing is attached, and nothing is an error. */
import { openTracefs, TracefsError } from "../../kernel/tracing/tracefs.ts";
import { readTracefs, type TracefsRoot } from "../../kernel/tracing/tracefs_files.ts";
import { listUserSymbols } from "../../kernel/userspace/mod.ts";
import { LISTED_TYPES } from "../../probes/listed_types.ts";
import { openKernelFacts } from "../../probes/plan/kernel_facts.ts";

/** More than this nobody reads, and shells take long to show. */
const MAX_TARGETS = 500;
const FUNCTION_TYPES: readonly string[] = ["kprobe", "kretprobe", "fentry", "fexit"];
const USER_TYPES: readonly string[] = ["uprobe", "uretprobe"];

/** Sorted. Kinds (`kprobe:`) and categories (`sched/`) are targets to go on from. */
export async function targetsFrom(prefix: string): Promise<readonly string[]> {
  const [, type = "", rest = ""] = /^(\w+):(.*)$/s.exec(prefix) ?? [];
  const found = USER_TYPES.includes(type)
    ? await userFunctions(type, rest)
    : FUNCTION_TYPES.includes(type)
    ? functions(rest).map((name) => `${type}:${name}`)
    : tracepoints(prefix);
  return [...new Set(found)].filter((target) => target.startsWith(prefix)).sort().slice(0, MAX_TARGETS);
}

function functions(start: string): readonly string[] {
  if (/[*?]/.test(start)) return [];
  using resources = new DisposableStack();
  const facts = openKernelFacts({ tracefs: tracefsIn(resources), btf_file: undefined });
  if ("error" in facts) return [];
  return Iterator.from(facts.functions.matching(`${start}*`)).map(({ name }) => name).take(MAX_TARGETS * 4).toArray();
}

/** Names as they are typed: `sched/sched_switch`, `openat`, `raw_tracepoint:sched_switch`. */
function tracepoints(prefix: string): readonly string[] {
  using resources = new DisposableStack();
  const tracefs = tracefsIn(resources);
  const listed = tracefs === undefined ? [] : readTracefs(tracefs, "available_events").trim().split("\n");
  const events = listed.map((event) => event.split(":")).filter(([, name]) => name !== undefined);
  if (prefix.startsWith("raw_tracepoint:")) return events.map(([, name]) => `raw_tracepoint:${name}`);
  for (const separator of ["/", ":"]) {
    if (prefix.includes(separator)) return events.map((parts) => parts.join(separator));
  }
  const kinds = LISTED_TYPES.filter((type) => type !== "tracepoint").map((type) => `${type}:`);
  const categories = events.map(([category]) => `${category}/`);
  const calls = events.flatMap(([, name = ""]) => name.startsWith("sys_enter_") ? [name.slice(10)] : []);
  return [...kinds, ...categories, ...prefix === "" ? [] : calls];
}

async function userFunctions(type: string, rest: string): Promise<readonly string[]> {
  const [, file, start] = /^(.+):([^:/*?]*)$/.exec(rest) ?? [];
  if (file === undefined) return [];
  const found = await listUserSymbols(file, `${start}*`);
  return found.ok ? found.symbols.map(({ name }) => `${type}:${file}:${name}`) : [];
}

function tracefsIn(resources: DisposableStack): TracefsRoot | undefined {
  try {
    return resources.use(openTracefs());
  } catch (error) {
    if (error instanceof TracefsError) return undefined;
    throw error;
  }
}
