/** docs/portability.md: rows that tests note, kernel by kernel, and the table that they make. */
import assert from "node:assert/strict";
import type { EbpfResult } from "../../src/protocol/mod.ts";

/** Names a file to which rows are added; without it none are kept. */
const ROWS = "KTRIAGE_PORTABILITY_ROWS";
const DOCUMENT = new URL("../../docs/portability.md", import.meta.url);

/** As the table names them, and in its order. */
const KERNELS = ["5.10", "6.1", "6.12", "7.x", "6.12 arm64", "hardened"] as const;
export type KernelName = (typeof KERNELS)[number];

/** How a target was answered on a kernel. */
export interface Row {
  readonly target: string;
  /** In the result's own words. */
  readonly answered_by: string;
  /** As far as it is the same at every run. */
  readonly events: string;
}

type Answers = ReadonlyMap<KernelName, readonly Row[]>;

const HEAD = `# What answers which target, on which kernel

The targets that the contract with the AI names, as ktriage answers them on Debian's Linux 5.10, 6.1 and 6.12, on the
newest that Debian has (7.x), all for x86-64, on 6.12 for arm64, and on a hardened one that has no kprobes and refuses
fentry. Events are what was seen of 50 pieces of known work by one process: each of them and nothing else, or more where the
process does other such things too.

Written by the tests, which fail when it is no longer true: \`UPDATE_PORTABILITY=1 scripts/test vm\`, and for arm64
\`KTRIAGE_KERNELS=arm64 UPDATE_PORTABILITY=1 scripts/test vm\`

| target | Linux | answered by | events |
|---|---|---|---|
`;

/** Keeps how this kernel answered a target. */
export function noteRow(
  { target, events, result }: { readonly target: string; readonly events: string; readonly result: EbpfResult },
): void {
  const file = Deno.env.get(ROWS);
  if (file === undefined) return;
  const row: Row = { target, answered_by: result.attached_as ?? "itself", events };
  Deno.writeTextFileSync(file, `${JSON.stringify(row)}\n`, { append: true });
}

/** The rows that {@link noteRow} kept. */
export function parseRows(text: string): Row[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Row);
}

/** Fails unless the document says what was measured. UPDATE_PORTABILITY=1 makes it say so. */
export function assertDocument(measured: Answers): void {
  const text = readDocument();
  const before = parseDocument(text);
  const answers = new Map(KERNELS.map((kernel) => [kernel, measured.get(kernel) ?? before.get(kernel) ?? []]));
  const now = renderDocument(answers);
  if (Deno.env.get("UPDATE_PORTABILITY") === "1") return Deno.writeTextFileSync(DOCUMENT, now);
  assert.equal(text, now, "docs/portability.md is not true: UPDATE_PORTABILITY=1 writes it anew");
}

function readDocument(): string {
  try {
    return Deno.readTextFileSync(DOCUMENT);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** Kernels that answer a target alike share a line. */
function renderDocument(answers: Answers): string {
  const targets = new Set([...answers.values()].flatMap((rows) => rows.map(({ target }) => target)));
  const lines = [...targets].flatMap((target) => {
    const rows = [...answers].flatMap(([kernel, rows]) =>
      rows.filter((row) => row.target === target).map((row) => ({ kernel, ...row }))
    );
    const alike = Map.groupBy(rows, ({ answered_by, events }) => `${answered_by} | ${events}`);
    return [...alike].map(([answer, rows]) =>
      `| \`${target}\` | ${rows.map(({ kernel }) => kernel).join(", ")} | ${answer} |\n`
    );
  });
  return HEAD + lines.join("");
}

/** What {@link renderDocument} was given. */
function parseDocument(text: string): Answers {
  const lines = [...text.matchAll(/^\| `(?<target>.*?)` \| (?<names>.*?) \| (?<answered_by>.*) \| (?<events>.*) \|$/gm)]
    .map(({ groups }) => groups as { target: string; names: string; answered_by: string; events: string });
  return new Map(KERNELS.map((kernel) => [
    kernel,
    lines.filter(({ names }) => names.split(", ").includes(kernel)).map(({ names: _, ...row }) => row),
  ]));
}
