/** `ktriage policy`: what a command line would be answered, and why. Nothing is run. */
import { explain, judge, listPrograms, type Rules } from "../commands/mod.ts";
import { explanationText, programsText } from "../report/policy.ts";
import { wordOf } from "./arguments.ts";
import { UsageError } from "./errors.ts";
import { rulesFrom } from "./rules.ts";
import { EXIT, type Invocation } from "./subcommand.ts";
import { POLICY_ACTIONS } from "./words.ts";
import type { Writer } from "./writer.ts";

/** Explains one line, or every line of standard input, or lists the programs. */
export async function policy({ positionals, options, writer }: Invocation): Promise<number> {
  const [given, ...operands] = positionals;
  if (given === undefined) {
    throw new UsageError(`Cannot do anything with the policy: say what. There are ${POLICY_ACTIONS.join(" and ")}.`);
  }
  const verb = wordOf(given, POLICY_ACTIONS, `Cannot ${given} the policy`);
  const rules = rulesFrom(options, (name) => Deno.env.get(name));
  const form = options.has("json") ? "json" : "text";
  if (verb === "list") {
    if (operands.length > 0) {
      throw new UsageError(`Cannot list "${operands[0]}" of the policy: list takes no operands.`);
    }
    const programs = listPrograms();
    writer.out(form === "json" ? `${JSON.stringify(programs, null, 2)}\n` : programsText(programs, writer.layout));
    return EXIT.done;
  }
  const [line] = operands;
  if (line === undefined) throw new UsageError("Cannot explain: no command line was given.");
  if (operands.length > 1) {
    throw new UsageError("Cannot explain more than one line: put the line in single quotes.");
  }
  if (line !== "-") {
    tell(line, rules, form, writer);
    return EXIT.done;
  }
  for await (const each of linesOf(Deno.stdin.readable)) {
    if (writer.closed.aborted) break;
    tell(each, rules, form, writer);
  }
  return EXIT.done;
}

function tell(line: string, rules: Rules, form: "json" | "text", writer: Writer): void {
  writer.out(
    form === "json"
      ? `${JSON.stringify(verdictObject(line, rules))}\n`
      : explanationText(line, explain(line, rules), writer.layout),
  );
}

/** A verdict with every key in it, null where there is nothing to say. */
function verdictObject(line: string, rules: Rules): Readonly<Record<string, unknown>> {
  const verdict = judge(line, rules);
  const why = verdict.kind === "allowed" ? undefined : verdict;
  const runnable = verdict.kind === "refused" ? undefined : verdict;
  return {
    line,
    verdict: verdict.kind,
    rule: why?.rule ?? null,
    reason: why?.reason ?? null,
    runs: runnable?.runs ?? null,
    alternative: why?.alternative ?? null,
    piece: why?.piece ?? null,
    shell: runnable?.shell ?? null,
    needs: runnable?.needs ?? null,
  };
}

/** Lines as they come; the last one needs no line break. Bytes that are not UTF-8 become U+FFFD. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let parts: string[] = [];
  for await (const chunk of stream) {
    const [first = "", ...others] = decoder.decode(chunk, { stream: true }).split("\n");
    parts.push(first);
    for (const next of others) {
      yield parts.join("");
      parts = [next];
    }
  }
  const last = parts.join("") + decoder.decode();
  if (last !== "") yield last;
}
