/** No text makes a collector throw: files of recorded hosts, cut, mixed up and filled with rubbish. */
import assert from "node:assert/strict";
import { figure as figureSchema, healthFinding } from "../../../src/protocol/snapshot.ts";
import type { Sources } from "../../../src/snapshot/collector.ts";
import { COLLECTORS } from "../../../src/snapshot/collectors/mod.ts";
import { type Random, randomFrom } from "../../models/reply/random.ts";
import { recordedHost, recordedNames, recordedSources, writtenSources } from "../recorded.ts";
import { CASES } from "./cases/mod.ts";

const ROUNDS = 40;
const RUBBISH = [
  "",
  "\n",
  "\0\0\0",
  "-1",
  "max\n",
  "9".repeat(400),
  "1e999 NaN Infinity",
  "NaN\n",
  ": : :\n:::\n",
  "a".repeat(5000),
  "( ) ) (",
  "\u001b[31m\ufffd\ud800",
  "nameserver",
  "[[[[((((",
  "18446744073709551615 -9223372036854775808",
  "__proto__ 1\nconstructor 2\n",
];

const CORRUPTIONS: readonly ((text: string, random: Random) => string)[] = [
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => text.slice(random.below(text.length + 1)),
  (_, random) => random.of(RUBBISH),
  (text, random) => text.replace(/\d+/g, (digits) => random.below(3) === 0 ? random.of(RUBBISH) : digits),
  (text, random) => text.split("\n").filter(() => random.below(3) > 0).join("\n"),
  (text, random) => text.split("\n").sort(() => random.below(3) - 1).join("\n"),
  (text, random) => text.replaceAll(" ", () => random.of(["", " ", "\t", "  ", "\n"])),
  (text) => text.toUpperCase(),
  (text) => text + text,
];

/** The same sources, a third of whose texts are damaged, and of whose other answers some are of another file. */
function damaged(sources: Sources, random: Random): Sources {
  const spoil = (text: string | undefined) =>
    text === undefined
      ? random.below(20) === 0 ? random.of(RUBBISH) : undefined
      : random.below(3) === 0
      ? random.of(CORRUPTIONS)(text, random)
      : text;
  return {
    ...sources,
    text: (path) => spoil(sources.text(path)),
    bytes: (path) => {
      const bytes = sources.bytes(path);
      return bytes === undefined || random.below(2) === 0 ? bytes : bytes.subarray(random.below(bytes.length + 1));
    },
    names: (path) => [...sources.names(path), ...(random.below(5) === 0 ? ["x", "0", "..", "9".repeat(30)] : [])],
    link: (path) => spoil(sources.link(path)),
    output: async (command) => spoil(await sources.output(command)),
  };
}

async function holds(sources: Sources, end: () => void, remembered: Readonly<Record<string, unknown>>): Promise<void> {
  const started = [];
  for (const collector of COLLECTORS) started.push({ collector, finish: await collector.start(sources) });
  end();
  for (const { collector, finish } of started) {
    try {
      const { figures, findings, remember } = await finish({ window_s: 10, remembered });
      for (const each of figures) figureSchema.parse(each);
      for (const each of findings) {
        healthFinding.parse(each);
        for (const text of [each.title, each.of ?? "", ...each.evidence, each.next]) {
          // deno-lint-ignore no-control-regex
          assert.ok(!/[\u0000-\u001f\u007f]/.test(text), `${collector.name}: ${JSON.stringify(text)}`);
        }
      }
      assert.deepEqual(JSON.parse(JSON.stringify(remember ?? {})), remember ?? {});
    } catch (error) {
      throw new Error(`${collector.name} cannot take it`, { cause: error });
    }
  }
}

const REMEMBERED = [
  {},
  { boot_id: 7, sequence: "x", groups: [null], "/": "full", eth0: "yes", oom_kill: null },
  { "/": [{ at_ms: "x" }, null, 7, { at_ms: 1, available_bytes: 1e300 }], groups: { "/": null, "/x": { oom: "y" } } },
];

Deno.test(`collectors take ${ROUNDS} damaged copies of each recorded host`, async () => {
  const random = randomFrom(20_260_815);
  for (const name of recordedNames()) {
    const host = recordedHost(name);
    for (let round = 0; round < ROUNDS; round++) {
      const { sources, end } = recordedSources(host);
      await holds(damaged(sources, random), end, random.of(REMEMBERED));
    }
  }
});

Deno.test("collectors take damaged copies of every written host", async () => {
  const random = randomFrom(8);
  for (const { host } of CASES) {
    for (let round = 0; round < 25; round++) {
      const { sources, end } = writtenSources(host);
      const spoilt = damaged(sources, random);
      await holds(
        { ...spoilt, space: (mount) => sources.space(mount).catch(() => undefined) },
        end,
        random.of(REMEMBERED),
      );
    }
  }
});

Deno.test("a host that shows nothing has nothing to tell", async () => {
  const { sources, end } = writtenSources({ start: {} });
  await holds(sources, end, {});
});
