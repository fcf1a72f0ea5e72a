/** What an operator may say while a diagnosis runs, a line each. */

export type OperatorWord =
  | { readonly kind: "go" }
  /** `which`: numbers, ids or names; none for all. */
  | { readonly kind: "skip"; readonly which: readonly string[] }
  | { readonly kind: "hint"; readonly text: string }
  | { readonly kind: "stop" }
  | { readonly kind: "menu" }
  | { readonly kind: "unknown"; readonly text: string };

/** Reads a line: letters or whole words, in any case. */
export function understand(line: string): OperatorWord {
  const text = line.trim();
  const [, verb = "", rest = ""] = /^(\S*)\s*([^]*)$/.exec(text) ?? [];
  const unknown = { kind: "unknown", text } as const;
  switch (verb.toLowerCase()) {
    case "":
      return { kind: "go" };
    case "s":
    case "skip":
      return { kind: "skip", which: rest.split(/[\s,]+/).filter((word) => word !== "") };
    case "h":
    case "hint":
      return rest === "" ? unknown : { kind: "hint", text: rest };
    case "q":
    case "quit":
    case "stop":
      return rest === "" ? { kind: "stop" } : unknown;
    case "?":
    case "help":
      return rest === "" ? { kind: "menu" } : unknown;
    default:
      return unknown;
  }
}
