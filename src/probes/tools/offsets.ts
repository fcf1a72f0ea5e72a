/** Where the kernel keeps what a tool reads: in records of tracepoints by their format, in structures by BTF. */
import { structPlace } from "../../kernel/btf/layouts.ts";
import { follow } from "../../kernel/btf/place.ts";
import { type Format, parseFormat } from "../../kernel/tracing/format.ts";
import { readTracefs, type TracefsRoot } from "../../kernel/tracing/tracefs_files.ts";
import { groundOf, type ToolRun, Unavailable } from "./tool.ts";

/** @throws {Unavailable} this kernel does not have the event, `category:name` */
export function formatOf(tracefs: TracefsRoot, event: string): Format {
  try {
    return parseFormat(readTracefs(tracefs, `events/${event.replace(":", "/")}/format`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Unavailable(`this kernel has no tracepoint ${event}`);
    throw error;
  }
}

/**
 * Offsets of fields in the record of a tracepoint.
 *
 * @param fields a name, or names that it has had: `prev_state|state`
 * @throws {Unavailable} the event or one of the fields is not there
 */
export function recordOffsets(run: ToolRun, event: string, fields: readonly string[]): number[] {
  const format = formatOf(groundOf(run).tracefs, event);
  return fields.map((names) => {
    const field = format.fields.find(({ name }) => names.split("|").includes(name));
    if (field === undefined) throw new Unavailable(`the tracepoint ${event} has no field ${names} here`);
    return field.offset;
  });
}

/**
 * Offsets of members in structures of this kernel, read from BTF once for all tools; cheaper than libbpf's relocations,
 * for which it reads all of BTF for each object.
 *
 * @param members `task_struct.tgid`, chains that stay inside of a structure (`sock.__sk_common.skc_dport`), or names that
 * a member has had: `task_struct.__state|task_struct.state`
 * @throws {Unavailable} there is no BTF, or it has no such member
 */
export async function memberOffsets(run: ToolRun, members: readonly string[]): Promise<number[]> {
  const facts = await groundOf(run).facts();
  if ("error" in facts) throw new Unavailable(facts.error.replace(/\.$/, ""), facts.hint);
  if (!facts.btf.ok) throw new Unavailable(facts.btf.error, facts.btf.hint);
  const { types } = facts.btf.btf;
  const offsetOf = (member: string): number | undefined => {
    const [, struct = "", chain = ""] = /^(\w+)\.(.+)$/.exec(member) ?? [];
    const at = structPlace(types, struct), place = at && follow(at, chain);
    return place?.where.kind === "memory" && place.where.path.length === 1 ? place.where.path[0] : undefined;
  };
  return members.map((names) => {
    const offset = names.split("|").map(offsetOf).find((found) => found !== undefined);
    if (offset === undefined) throw new Unavailable(`this kernel has no ${names}`);
    return offset;
  });
}
