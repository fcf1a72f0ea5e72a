/** `ktriage probes`: what a request would be attached to here, and what can be probed at all. */
import { nearest } from "../kernel/nearest.ts";
import { openTracefs, TracefsError } from "../kernel/tracing/tracefs.ts";
import type { TracefsRoot } from "../kernel/tracing/tracefs_files.ts";
import { listUserSymbols } from "../kernel/userspace/mod.ts";
import { Ground } from "../probes/ground.ts";
import { type KernelFacts, openKernelFacts } from "../probes/plan/kernel_facts.ts";
import { listProbes } from "../probes/list_probes.ts";
import { type KernelType, LISTED_TYPES, type ListedType } from "../probes/listed_types.ts";
import type { Refusal } from "../probes/plan/tracepoint.ts";
import { foresee, rehearse } from "../probes/rehearse.ts";
import { parseTarget, type Target } from "../probes/target.ts";
import { userFunctionHint } from "../probes/plan/user_hint.ts";
import { stringify } from "../protocol/json.ts";
import type { ListedProbe, Probes, Rehearsal, Resolved } from "../protocol/probes.ts";
import { listedText, rehearsalText } from "../report/probes.ts";
import { wordOf } from "./arguments.ts";
import { CliError, UsageError } from "./errors.ts";
import { EXIT, type Invocation } from "./subcommand.ts";
import { PROBE_ACTIONS } from "./words.ts";

/** `resolve <target>` or `list [pattern]`. */
export function probes(invocation: Invocation): Promise<number> {
  const [action, ...operands] = invocation.positionals;
  const rest = { ...invocation, positionals: operands };
  if (action === undefined) {
    throw new UsageError(`Cannot tell about probes: say what. There are ${PROBE_ACTIONS.join(" and ")}.`);
  }
  return wordOf(action, PROBE_ACTIONS, `Cannot ${action} probes`) === "resolve" ? resolve(rest) : list(rest);
}

async function resolve({ positionals, options, writer }: Invocation): Promise<number> {
  const [text, ...rest] = positionals;
  if (text === undefined || rest.length > 0) {
    throw new UsageError("Cannot resolve: exactly one target is needed.", "Try: ktriage probes resolve kprobe:do_fork");
  }
  const rehearsal = await findOut(parseTarget(text), options.text("btf"));
  const document: Resolved = { schema: "ktriage.resolved/1", ...rehearsal };
  writer.out(options.has("json") ? `${stringify(document, 2)}\n` : rehearsalText(rehearsal, writer.layout));
  if (rehearsal.error !== undefined) writer.fail(rehearsal.error, rehearsal.hint);
  return rehearsal.event === undefined ? EXIT.failed : EXIT.done;
}

/** By trying; where that is not allowed, by what every user may read. */
async function findOut(target: Target, btf_file: string | undefined): Promise<Rehearsal> {
  using resources = new DisposableStack();
  const ground = await Ground.open({ btf_file });
  if (!("error" in ground)) return await rehearse(target, resources.use(ground));
  const { error, hint } = ground;
  const facts = orThrow(openKernelFacts({ tracefs: undefined, btf_file }));
  return { ...foresee(target, facts), error, hint };
}

async function list({ positionals, options, writer }: Invocation): Promise<number> {
  const [text = "*", ...rest] = positionals;
  if (rest.length > 0) {
    throw new UsageError(
      `Cannot list more than one pattern: ${positionals.join(", ")}.`,
      "Quote it, so that the shell leaves it alone: ktriage probes list 'tcp*'",
    );
  }
  const { pattern, type } = patternAndType(text, options.text("type"));
  const note = (line: string): void => writer.note(line);
  const listed = type === "uprobe" || type === "uretprobe"
    ? await userFunctions(pattern, { type, note })
    : kernelProbes(pattern, { type, btf_file: options.text("btf"), note });
  const document: Probes = { schema: "ktriage.probes/1", pattern: text, probes: listed };
  writer.out(options.has("json") ? `${stringify(document, 2)}\n` : listedText(listed, writer));
  return EXIT.done;
}

interface Wanted {
  readonly pattern: string;
  readonly type: ListedType | undefined;
}

/** The type stands in an option, or in front of the pattern: `kprobe:tcp*`. */
function patternAndType(text: string, option: string | undefined): Wanted {
  const { type, target } = parseTarget(text);
  const named = target === text.trim() ? option : type;
  if (named === undefined) return { pattern: target, type: undefined };
  return { pattern: target, type: wordOf(named, LISTED_TYPES, `Cannot list probes of type "${named}"`) };
}

interface KernelOptions {
  readonly type: KernelType | undefined;
  readonly btf_file: string | undefined;
  /** Takes what could not be listed, and why. */
  readonly note: (line: string) => void;
}

function kernelProbes(pattern: string, { type, btf_file, note }: KernelOptions): ListedProbe[] {
  using resources = new DisposableStack();
  const tracefs = tracefsOr(note, resources);
  const facts = orThrow(openKernelFacts({ tracefs, btf_file }));
  if (!facts.btf.ok) note(`Arguments and raw tracepoints are not listed: ${facts.btf.error}.`);
  const listed = listProbes(pattern, { facts, tracefs, ...(type === undefined ? {} : { types: [type] }) });
  if (listed.length > 0) return listed;
  throw new CliError(
    `Cannot list probes: nothing in this kernel matches ${pattern}.`,
    userFunctionHint(pattern, tracefs) ?? nearestHint(pattern, facts),
  );
}

function tracefsOr(note: (line: string) => void, resources: DisposableStack): TracefsRoot | undefined {
  try {
    return resources.use(openTracefs());
  } catch (error) {
    if (!(error instanceof TracefsError)) throw error;
    note(`Tracepoints are not listed: ${error.message} ${error.hint}`);
    return undefined;
  }
}

function nearestHint(pattern: string, { functions }: KernelFacts): string {
  const names = Iterator.from(functions.matching("*")).map(({ name }) => name);
  const near = nearest(pattern.replace(/[*?]/g, ""), names);
  return near.length > 0 ? `Nearest: ${near.join(", ")}` : "Patterns: 'tcp*', 'sock:*', 'uprobe:libc:mal*'";
}

async function userFunctions(
  target: string,
  { type, note }: { readonly type: "uprobe" | "uretprobe"; readonly note: (line: string) => void },
): Promise<ListedProbe[]> {
  const [, file, pattern = "*"] = /^(.*?)(?::([^:/]*))?$/.exec(target) ?? [];
  const found = await listUserSymbols(file ?? "", pattern === "" ? "*" : pattern);
  if (!found.ok) throw new CliError(found.error, found.hint);
  if (found.symbols.length === 0) {
    throw new CliError(
      `Cannot list probes: no function of ${found.path} matches ${pattern}.`,
      `ktriage probes list '${type}:${file}:*' shows all.`,
    );
  }
  if (found.truncated) note(`Only the first ${found.symbols.length} functions are listed: name a narrower pattern.`);
  return found.symbols.map(({ name }) => ({ type, target: `${file}:${name}` }));
}

function orThrow<T extends object>(outcome: T | Refusal): T {
  if ("error" in outcome) throw new CliError(outcome.error, outcome.hint);
  return outcome;
}
