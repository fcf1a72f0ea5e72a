/** Measures ktriage beside bpftrace: `deno task bench [--json] [name …]`. Figures only: nothing is asserted. */
import { type Bench, measure, type Row } from "./measure.ts";
import { hasBpftrace } from "./tracer.ts";
import { burst, firstEvent, jsonLines, type Options, overhead } from "./tracing.ts";

const BENCHES: Readonly<Record<string, (options: Options) => Bench>> = {
  start: firstEvent,
  lines: jsonLines,
  burst,
  overhead,
};

async function main(args: readonly string[]): Promise<number> {
  const json = args.includes("--json");
  const wanted = args.filter((arg) => !arg.startsWith("-"));
  const unknown = wanted.find((name) => !(name in BENCHES));
  if (unknown !== undefined) return fail(`Unknown bench ${unknown}. There are ${Object.keys(BENCHES).join(", ")}.`);
  const options = { bpftrace: await hasBpftrace() };
  if (!options.bpftrace) tell(Deno.stderr, "bpftrace is not installed: nothing to compare with.");
  const rows: Row[] = [];
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    tell(Deno.stderr, `measuring ${name} …`);
    rows.push(...await measure(bench(options)));
  }
  tell(Deno.stdout, json ? JSON.stringify({ schema: "ktriage.bench/1", rows }) : table(rows));
  return 0;
}

/** A figure's first row is ktriage's, or the untraced one's: the others are told in relation to it. */
function table(rows: readonly Row[]): string {
  const first = new Map<string, number>();
  return rows.map(({ what, tool, unit, median }) => {
    const base = first.get(what);
    if (base === undefined) first.set(what, median);
    const ratio = base === undefined || base === 0 ? "" : `${(median / base).toFixed(2)}×`;
    return `${what.padEnd(44)} ${tool.padEnd(26)} ${median.toFixed(1).padStart(10)} ${unit.padEnd(4)} ${ratio}`;
  }).join("\n");
}

function fail(message: string): number {
  tell(Deno.stderr, message);
  return 2;
}

function tell(stream: typeof Deno.stdout | typeof Deno.stderr, text: string): void {
  stream.writeSync(new TextEncoder().encode(`${text}\n`));
}

Deno.exit(await main(Deno.args));
