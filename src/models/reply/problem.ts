/** What is wrong with a reply, in few words that a model can act upon. */
import * as z from "zod";

const MAX_ISSUES = 10;

/** The paths that break the contract, and what is wanted there. */
export function problemOf(error: z.ZodError): string {
  const lines = error.issues.slice(0, MAX_ISSUES).map((issue) => `- ${pathOf(issue)}: ${wantedOf(issue)}`);
  const more = error.issues.length - MAX_ISSUES;
  return `The reply does not follow the contract:\n${lines.join("\n")}${more > 0 ? `\n- and ${more} more` : ""}`;
}

function pathOf({ path }: z.core.$ZodIssue): string {
  const text = path.length === 0 ? "the object" : z.core.toDotPath(path);
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}

function wantedOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_union") return unionWanted(issue);
  if (issue.code === "invalid_type") return `${typeName(issue.expected)} is wanted, not ${givenOf(issue)}`;
  return issue.message.replace(/^Invalid (?:input|option): expected (.+)$/, "$1 is wanted");
}

/** Types where only the type is wrong; else what each of the shapes wants. */
function unionWanted({ errors }: { readonly errors: readonly (readonly z.core.$ZodIssue[])[] }): string {
  const issues = errors.flatMap(([first]) => first === undefined ? [] : [first]);
  const types = issues.flatMap((issue) =>
    issue.code === "invalid_type" && issue.path.length === 0 ? [typeName(issue.expected)] : []
  );
  const [first] = issues;
  if (first !== undefined && types.length === errors.length) {
    return `${[...new Set(types)].join(" or ")} is wanted, not ${givenOf(first)}`;
  }
  const shapes = issues.map((issue) => `${issue.path.length === 0 ? "" : `${pathOf(issue)}: `}${wantedOf(issue)}`);
  return [...new Set(shapes)].slice(0, 3).join("; or ");
}

function typeName(type: string): string {
  if (type === "string") return "text";
  if (type === "array") return "a list";
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function givenOf({ message }: z.core.$ZodIssue): string {
  const received = /received (.+)$/.exec(message)?.[1] ?? "undefined";
  return received === "undefined" ? "nothing" : typeName(received);
}
