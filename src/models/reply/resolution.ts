/** A resolution: accepted only when all that it must say is whole. */
import { CONFIDENCE } from "../../protocol/mod.ts";
import { type Context, isPartial, renamed, withField, withText } from "./context.ts";
import type { Mended } from "./diagnostic.ts";
import { entriesOf } from "./entries.ts";
import { DIAGNOSTIC_NAMES, type Fields, FINDING_NAMES, isFields, nameOf, RESOLUTION_NAMES } from "./names.ts";
import { type Path, quoted } from "./notes.ts";
import { confidenceOf, stepsOf, textOf } from "./values.ts";

const REQUIRED = ["root_cause", "resolution_plan", "confidence"] as const;

/** Mends a resolution; nothing that it must say is made up. */
export function mendResolution(object: Fields, context: Context): Mended {
  const { notes } = context;
  const reply = renamed(object, RESOLUTION_NAMES, { notes, path: "" });
  const missing = REQUIRED.filter((name) => reply[name] === undefined || isPartial(reply[name], context));
  if (missing.length > 0 && isPartial(object, context)) return { problem: notWhole(missing, context) };
  noteRequests(reply, context);
  const whole = Object.fromEntries(
    Object.entries(reply).filter(([name, value]) => name === "findings" || !isPartial(value, context)),
  );
  const texts = (["root_cause", "ebpf_evidence"] as const)
    .reduce<Fields>((fields, name) => withText(fields, name, { read: textOf, notes, path: "" }), whole);
  return { fields: withFindings(withConfidence(withPlan(texts, context), context), context) };
}

function notWhole(missing: readonly string[], { cut }: Context): string {
  const what = cut ? "not complete" : "not valid JSON";
  return `The reply's JSON object is ${what}: ${missing.join(", ")} missing or not whole. ` +
    `Give all of it${cut ? "; be brief if it was too long" : ""}.`;
}

/** Commands in a resolution are not run: the model must know. */
function noteRequests(reply: Fields, { notes }: Context): void {
  for (const [field, aliases] of Object.entries(DIAGNOSTIC_NAMES)) {
    const name = field === "reasoning" ? undefined : nameOf(reply, field, { ...aliases, aliases: [] });
    const value = name === undefined ? undefined : reply[name];
    if (Array.isArray(value) && value.length > 0) notes.add("not run: the reply is a resolution", field);
  }
}

function withPlan(reply: Fields, { notes }: Context): Fields {
  const plan = reply["resolution_plan"];
  const is_lines = Array.isArray(plan) && plan.every((step) => typeof step === "string");
  if (is_lines) return reply;
  return withText(reply, "resolution_plan", { read: stepsOf, notes, path: "" });
}

function withConfidence(reply: Fields, { notes }: Context): Fields {
  const given = reply["confidence"];
  if (given === undefined || CONFIDENCE.some((word) => word === given)) return reply;
  const confidence = confidenceOf(given);
  if (confidence === undefined) return reply;
  notes.add(`${quoted(given)} was read as ${confidence}`, "confidence");
  return { ...reply, confidence };
}

function withFindings(reply: Fields, context: Context): Fields {
  const { notes } = context;
  const given = reply["findings"];
  if (given === undefined) return reply;
  const isOne = (value: unknown): boolean =>
    isFields(value) && nameOf(value, "claim", FINDING_NAMES["claim"] ?? NONE) !== undefined;
  const findings = entriesOf(given, { name: "findings", isOne, context }).flatMap(({ value, path, key }) => {
    const finding = isPartial(value, context) ? undefined : findingOf(value, { path, key, context });
    if (finding === undefined) notes.add("left out: it is not whole, or claims nothing", path);
    return finding === undefined ? [] : [finding];
  });
  return { ...reply, findings };
}

const NONE = { aliases: [] };

function findingOf(
  value: unknown,
  { path, key, context }: { readonly path: Path; readonly key: string | undefined; readonly context: Context },
): Fields | undefined {
  const { notes } = context;
  if (key !== undefined && !isFields(value)) return { claim: key, evidence: idsOf(value, { path, context }) };
  if (typeof value === "string") {
    notes.add("a plain text was read as a claim without evidence", path);
    return value.trim() === "" ? undefined : { claim: value, evidence: [] };
  }
  if (!isFields(value)) return undefined;
  const finding = withText(renamed(value, FINDING_NAMES, { notes, path }), "claim", { read: textOf, notes, path });
  const { claim } = finding;
  if (typeof claim !== "string" || claim.trim() === "") return undefined;
  return withField(finding, "evidence", idsOf(finding["evidence"], { path, context }));
}

/** Ids of evidence, from a list, from one of them, or from several in one text. */
function idsOf(
  value: unknown,
  { path, context }: { readonly path: Path; readonly context: Context },
): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  context.notes.add(
    value === undefined || value === null ? "no evidence is named" : "read as a list of ids",
    `${path}.evidence`,
  );
  if (value === undefined || value === null) return [];
  if (typeof value === "string") {
    const parts = value.split(",").map((part) => part.trim()).filter((part) => part !== "");
    return parts.every((part) => /^[\w.:@/-]+$/.test(part)) ? parts : [value];
  }
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.flatMap((item) => {
    const id = isFields(item) ? item["id"] ?? item["key"] ?? item["name"] : item;
    const text = textOf(id);
    return text === undefined || text === "" ? [] : [text];
  });
}
