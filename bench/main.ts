/** Measures ktriage beside bpftrace, syscount and a bare reader: `scripts/bench [--json] [name …]`. Nothing is asserted. */
import { counting, slowdown } from "./counting.ts";
import { type Bench, measure, type Measured } from "./measure.ts";
import { healthSnapshot } from "./snapshot.ts";
import { table } from "./table.ts";
import { buildReader } from "./tools.ts";
import { burst, firstEvent, jsonLines, overhead, storm } from "./tracing.ts";

const BENCHES: Readonly<Record<string, () => Bench>> = {
  start: firstEvent,
  lines: jsonLines,
  burst,
  storm,
  overhead,
  tools: counting,
  slowdown,
  snapshot: healthSnapshot,
};

async function main(args: readonly string[]): Promise<number> {
  const options = args.filter((arg) => arg.startsWith("-"));
  const wanted = args.filter((arg) => !arg.startsWith("-"));
  const unknown = options.find((arg) => arg !== "--json") ?? wanted.find((name) => !(name in BENCHES));
  if (unknown !== undefined) {
    tell(Deno.stderr, `Unknown: ${unknown}. There are --json and ${Object.keys(BENCHES).join(", ")}.`);
    return 2;
  }
  await buildReader().catch(({ message }: Error) => tell(Deno.stderr, message)); // its rows will tell that it is missing
  const all: Measured[] = [];
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    tell(Deno.stderr, `measuring ${name} …`);
    const measured = await measure(bench());
    all.push(measured);
    if (options.length === 0) tell(Deno.stdout, table(measured));
  }
  if (options.length > 0) tell(Deno.stdout, json(all));
  return all.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

function json(all: readonly Measured[]): string {
  const rows = all.flatMap((measured) => measured.rows);
  const failures = all.flatMap((measured) => measured.failures);
  return JSON.stringify({ schema: "ktriage.bench/1", rows, failures });
}

function tell(stream: typeof Deno.stdout | typeof Deno.stderr, text: string): void {
  stream.writeSync(new TextEncoder().encode(`${text}\n`));
}

Deno.exit(await main(Deno.args));
