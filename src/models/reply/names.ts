/** Names of fields as models write them, and the contract's own. */

export type Fields = Readonly<Record<string, unknown>>;

/** What else a field is called, without case, spaces and signs; and of which shape its value must be then. */
interface Aliases {
  readonly aliases: readonly string[];
  readonly takes?: (value: unknown) => boolean;
}

export type Names = Readonly<Record<string, Aliases>>;

const isText = (value: unknown): boolean => typeof value === "string";
const isTextOrList = (value: unknown): boolean => isText(value) || Array.isArray(value);
const isListOfObjects = (value: unknown): boolean => Array.isArray(value) && value.every(isFields);

export const DIAGNOSTIC_NAMES: Names = {
  reasoning: { aliases: ["thought", "thoughts", "thinking", "rationale", "analysis", "explanation", "reason"] },
  commands: {
    aliases: ["cmds", "command", "shellcommands", "commandlist", "commandstorun", "diagnosticcommands"],
    takes: isTextOrList,
  },
  ebpf_programs: {
    aliases: ["programs", "ebpf", "ebpfprobes", "probes", "bpfprograms", "bpf", "ebpftraces", "ebpfprogram"],
  },
};

export const COMMAND_NAMES: Names = {
  id: { aliases: ["commandid", "cmdid", "name", "label", "key"] },
  command: { aliases: ["cmd", "commandline", "cmdline", "shell", "shellcommand", "run", "exec", "bash"] },
  description: { aliases: ["desc", "purpose", "reason", "why", "explanation", "comment"], takes: isText },
};

export const PROGRAM_NAMES: Names = {
  name: { aliases: ["programname", "id", "label", "key"] },
  type: { aliases: ["probetype", "programtype", "attachtype", "kind"] },
  target: {
    aliases: ["attachpoint", "attachto", "attach", "hook", "probe", "probepoint", "function", "symbol", "tracepoint"],
    takes: isText,
  },
  duration: { aliases: ["durations", "durationsec", "durationseconds", "seconds", "timeout"] },
  duration_ms: { aliases: ["durationmillis", "durationmilliseconds"] },
  filters: { aliases: ["filter"] },
  capture: { aliases: ["captures", "capturefields", "fields"] },
  aggregate: { aliases: ["aggregation"] },
  description: { aliases: ["desc", "purpose", "reason", "why", "explanation", "comment"], takes: isText },
};

export const FILTER_NAMES: Names = {
  comm: { aliases: ["process", "processname", "command", "name"], takes: isText },
  pid: { aliases: ["processid", "tgid"] },
  tid: { aliases: ["threadid"] },
  uid: { aliases: ["userid"] },
};

export const RESOLUTION_NAMES: Names = {
  root_cause: { aliases: ["cause", "rootcauseanalysis", "diagnosis"] },
  resolution_plan: {
    aliases: [
      "plan",
      "resolution",
      "fix",
      "remediation",
      "remediationplan",
      "solution",
      "recommendations",
      "recommendedactions",
      "actionplan",
      "steps",
    ],
    takes: isTextOrList,
  },
  confidence: { aliases: ["confidencelevel", "confidencescore", "certainty"] },
  findings: { aliases: ["claims", "keyfindings", "evidence"], takes: isListOfObjects },
  ebpf_evidence: { aliases: ["evidence", "kernelevidence", "evidencesummary"], takes: isTextOrList },
};

export const FINDING_NAMES: Names = {
  claim: { aliases: ["finding", "statement", "description", "text", "summary"], takes: isText },
  evidence: { aliases: ["evidenceids", "evidenceid", "sources", "source", "refs", "references", "ids", "id"] },
};

/** A plain object, as JSON has it. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A name without case, spaces and signs. */
export function bare(name: string): string {
  return name.length > 60 ? name : name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

/** The name under which an object holds a field; undefined when it does not hold it, or null in its place. */
export function nameOf(object: Fields, field: string, aliases: Aliases): string | undefined {
  if (Object.hasOwn(object, field)) return object[field] === null ? undefined : field;
  return otherNameOf(object, { field, aliases, names: otherNames(object, {}) });
}

interface OtherName {
  readonly name: string;
  readonly bare: string;
}

/** The names of fields with a value, but for those that are the contract's own. */
function otherNames(object: Fields, names: Names): readonly OtherName[] {
  return Object.keys(object)
    .filter((name) => object[name] !== null && !Object.hasOwn(names, name))
    .map((name) => ({ name, bare: bare(name) }));
}

function otherNameOf(
  object: Fields,
  { field, aliases: { aliases, takes }, names }: {
    readonly field: string;
    readonly aliases: Aliases;
    readonly names: readonly OtherName[];
  },
): string | undefined {
  if (names.length === 0) return undefined;
  const own = field.replaceAll("_", "");
  const found = names.find((name) => name.bare === own) ??
    names.find((name) => aliases.includes(name.bare) && (takes?.(object[name.name]) ?? true));
  return found?.name;
}

/**
 * The object with its fields under the contract's names; nulls in their place are left out, unknown fields stay. A name
 * of the contract counts for itself only: a command's name is none of its other fields.
 *
 * @param on_renamed told of every field that had another name
 */
export function withNames(object: Fields, names: Names, on_renamed: (from: string, to: string) => void): Fields {
  const fields = { ...object };
  let others = otherNames(object, names);
  for (const [field, aliases] of Object.entries(names)) {
    if (Object.hasOwn(fields, field) && fields[field] !== null) continue;
    delete fields[field];
    const name = otherNameOf(fields, { field, aliases, names: others });
    if (name === undefined) continue;
    fields[field] = fields[name];
    delete fields[name];
    others = others.filter((other) => other.name !== name);
    on_renamed(name, field);
  }
  return fields;
}
