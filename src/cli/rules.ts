/** The operator's rules about commands: from a file, and from the command line. */
import { NO_RULES, operatorRules, ruleFault, type Rules } from "../commands/mod.ts";
import type { Options } from "./arguments.ts";
import { CliError, UsageError } from "./errors.ts";

/** Read when it is there, unless another file is named. */
const DEFAULT_FILE = "/etc/ktriage/policy.json";
const SCHEMA = "ktriage.policy/1";
const LISTS = ["allow", "deny", "allow_hosts"] as const;
const ALLOWED =
  `A policy is {"schema": "${SCHEMA}", "allow": [...], "deny": [...], "allow_hosts": [...]}: lists of texts, ` +
  `each a program ("strace"), a program with the words that its arguments begin with ("docker exec"), or the id of a ` +
  `rule ("curl/host"); hosts are names or addresses without a port.`;
const HOST = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

type Lists = Readonly<Record<(typeof LISTS)[number], readonly string[]>>;

/**
 * The rules of `--policy`, else of KTRIAGE_POLICY, else of the default file, with those of `--allow` and `--deny`.
 *
 * @throws {UsageError} an option that is no rule
 * @throws {CliError} a file that cannot be read or is no policy: which one, where, and what is allowed there
 */
export function rulesFrom(options: Options, variable: (name: string) => string | undefined): Rules {
  const named = options.text("policy") ?? (variable("KTRIAGE_POLICY")?.trim() || undefined);
  const file = listsOf(named ?? DEFAULT_FILE, named === undefined ? "if it is there" : "named");
  for (const list of ["allow", "deny"] as const) {
    for (const text of options.texts(list)) {
      const fault = ruleFault(text, list);
      if (fault !== undefined) throw new UsageError(`Cannot use "${text}" for --${list}: ${fault}.`, ALLOWED);
    }
  }
  return {
    ...NO_RULES,
    allow: operatorRules([...file.allow, ...options.texts("allow")]),
    deny: operatorRules([...file.deny, ...options.texts("deny")]),
    allow_hosts: file.allow_hosts,
  };
}

function listsOf(path: string, which: "named" | "if it is there"): Lists {
  const text = textOf(path, which);
  if (text === undefined) return { allow: [], deny: [], allow_hosts: [] };
  const refuse = (place: string, why: string, cause?: unknown): CliError =>
    new CliError(`Cannot use ${path} as a policy: ${place}${why}.`, ALLOWED, { cause });
  const policy = parsed(text, refuse);
  const unknown = Object.keys(policy).find((key) => key !== "schema" && !LISTS.some((list) => list === key));
  if (policy.schema !== SCHEMA) throw refuse("schema: ", `it must be "${SCHEMA}"`);
  if (unknown !== undefined) throw refuse(`${unknown}: `, "there is no such field");
  const [allow = [], deny = [], allow_hosts = []] = LISTS.map((list) => checked(list, policy[list] ?? [], refuse));
  return { allow, deny, allow_hosts };
}

function textOf(path: string, which: "named" | "if it is there"): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Deno.readFileSync(path));
  } catch (error) {
    if (which === "if it is there" && error instanceof Deno.errors.NotFound) return undefined;
    const why = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Deno.errors.PermissionDenied
      ? "this user may not read it"
      : error instanceof TypeError
      ? "it is not UTF-8 text"
      : error instanceof Error
      ? error.message
      : String(error);
    // Going on without the rules could run what the operator denies.
    throw new CliError(`Cannot read the policy ${path}: ${why}.`, "Name another file with --policy.", { cause: error });
  }
}

type Refuse = (place: string, why: string, cause?: unknown) => CliError;

function parsed(text: string, refuse: Refuse): Readonly<Record<string, unknown>> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw refuse("", `it is not JSON: ${error instanceof Error ? error.message : error}`, error);
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw refuse("", "it is not an object");
  }
  return document as Readonly<Record<string, unknown>>;
}

function checked(list: (typeof LISTS)[number], value: unknown, refuse: Refuse): readonly string[] {
  if (!Array.isArray(value)) throw refuse(`${list}: `, "it is not a list");
  return value.map((text: unknown, index) => {
    const place = `${list}[${index}]: `;
    if (typeof text !== "string") throw refuse(place, "it is not a text");
    const host = text.trim().toLowerCase();
    if (list === "allow_hosts") {
      if (!HOST.test(host)) throw refuse(place, `"${text}" is not a host's name or address`);
      return host;
    }
    const fault = ruleFault(text, list);
    if (fault !== undefined) throw refuse(place, `"${text}": ${fault}`);
    return text;
  });
}
