/** `ktriage diagnose`: a problem in words in, a resolution out. */
import { DEFAULT_MAX_ROUNDS, diagnose } from "../agent/loop.ts";
import { readHost } from "../kernel/host/host.ts";
import { isReady } from "../kernel/host/capabilities.ts";
import { type Host, stringify } from "../protocol/mod.ts";
import type { Record } from "../record/record.ts";
import { progressLines } from "../report/progress.ts";
import { runText } from "../report/text.ts";
import { chooseModel } from "./choice.ts";
import { UsageError } from "./errors.ts";
import { handsFrom } from "./hands.ts";
import { inputName, readInput } from "./input.ts";
import { Interrupt } from "./interrupt.ts";
import { NOTHING_LEAVES, nothingLeaves, outboundFrom } from "./outbound.ts";
import { endRecord, recordFrom } from "./record.ts";
import { EXIT, type Invocation } from "./subcommand.ts";
import type { Writer } from "./writer.ts";

const MAX_ISSUE_BYTES = 64 << 10;
const MAX_ROUNDS = 50;

/** Diagnoses this host and prints the report, or with `--json` the whole run. */
export async function diagnoseSubcommand({ positionals, options, writer }: Invocation): Promise<number> {
  let record: Record | undefined;
  const outbound = outboundFrom(options, writer);
  const model = await chooseModel({
    endpoint: options.text("endpoint"),
    model: options.text("model"),
    variable: (name) => Deno.env.get(name),
    outbound: {
      ...outbound,
      on_outbound: (request) => {
        outbound.on_outbound?.(request);
        record?.sent(request);
      },
    },
  });
  const dry_run = options.has("dry-run");
  if (model.name === "expert" && dry_run) return nothingLeaves(writer);
  const max_rounds = options.integer("max-rounds", { min: 1, max: MAX_ROUNDS }) ?? DEFAULT_MAX_ROUNDS;
  const hands = handsFrom(options, writer, () => record);
  const issue = await issueFrom(positionals);
  if (!dry_run) record = recordFrom(options); // when nothing is wrong with the rest

  using interrupt = new Interrupt({
    on_first: () => writer.note("Ending; a report of what was seen follows. Once more leaves at once."),
  });
  writer.note(
    model.name === "expert"
      ? "Asking the built-in expert: NANNYAPI_ENDPOINT and NANNYAPI_MODEL are not set."
      : `${dry_run ? "Dry run: not asking" : "Asking"} ${model.name}.`,
  );
  if (model.name === "expert" && options.has("show-outbound")) writer.note(NOTHING_LEAVES);
  const host = await readHost();
  noteWhatIsMissing(host, writer);
  const paint = writer.notePaint;
  const run = await diagnose({
    issue,
    host,
    model,
    hands,
    max_rounds,
    signal: interrupt.signal,
    on_progress: (progress) => {
      record?.progress(progress);
      progressLines(progress, paint).forEach((line) => writer.note(line));
    },
  });
  if (dry_run) {
    writer.note("Nothing was sent; what follows the first request depends on the answer to it.");
    return EXIT.done;
  }
  endRecord(record, { name: "run.json", document: run, writer });
  writer.out(options.has("json") ? `${stringify(run, 2)}\n` : runText(run, writer.layout));
  return run.resolution === undefined ? EXIT.failed : EXIT.done;
}

async function issueFrom(positionals: readonly string[]): Promise<string> {
  const fromStdin = positionals.length === 1 && positionals[0] === "-";
  const text = fromStdin
    ? await readInput("-", { what: "the issue", max_bytes: MAX_ISSUE_BYTES })
    : positionals.join(" ");
  const issue = text.trim();
  if (issue !== "") return issue;
  const where = fromStdin ? `: ${inputName("-")} is empty` : "";
  throw new UsageError(
    `Cannot diagnose without an issue${where}.`,
    `Say what is wrong, in your own words: ktriage diagnose "the shop answers slowly since noon"`,
  );
}

/** What keeps eBPF programs from running; only the privileges where they are missing, for the rest follows from them. */
function noteWhatIsMissing({ capabilities }: Host, writer: Writer): void {
  if (isReady(capabilities)) return;
  writer.note(writer.notePaint("yellow", "eBPF programs cannot run here; commands and /proc still tell much."));
  const missing = capabilities.filter(({ available }) => !available);
  const cause = missing.filter(({ id }) => id === "privileges");
  for (const { id, detail, fix } of cause.length > 0 ? cause : missing) {
    writer.note(`  ${id}: ${detail}`);
    if (fix !== undefined) writer.note(`    → ${fix}`);
  }
}
