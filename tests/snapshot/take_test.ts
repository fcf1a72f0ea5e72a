import assert from "node:assert/strict";
import type { Collected, Collector, Sources } from "../../src/snapshot/collector.ts";
import { take, type TakeOptions, type ToolSource } from "../../src/snapshot/take.ts";

const NO_SOURCES = {} as Sources;
const FIGURE = { name: "a.b_count", value: 1, unit: "count", baseline: "none" } as const;
const SEEN: Collected = { figures: [FIGURE], findings: [] };
const READING = { source: "/proc/x", figures: { n: 1 }, tables: [], histograms: [], notes: [] };

function collector(
  name: string,
  work: Partial<{ start: () => Promise<void>; end: () => Promise<Collected> }> = {},
): Collector {
  const { start = () => Promise.resolve(), end = () => Promise.resolve(SEEN) } = work;
  return { name, start: async () => (await start(), end) };
}

function looked(collectors: readonly Collector[], options: Partial<TakeOptions> = {}) {
  const never = new AbortController().signal;
  return take({
    ...{ collectors, tools: [], sources: NO_SOURCES, window_ms: 50, signal: never, deadline: never },
    limits: { start_ms: 200, end_ms: 200 },
    remembered: () => undefined,
    ...options,
  });
}

const hangs = () => new Promise<never>(() => {});

Deno.test("take() hears everyone, whatever one of them does", async () => {
  const { collectors, figures } = await looked([
    collector("first"),
    collector("hangs_at_start", { start: hangs }),
    collector("hangs_at_end", { end: hangs }),
    collector("rejects", { end: () => Promise.reject(new Error("no /proc/foo")) }),
    {
      name: "throws",
      start: () => {
        throw new Error("no privilege");
      },
    },
    {
      name: "throws_at_end",
      start: () =>
        Promise.resolve(() => {
          throw new Error("cut off");
        }),
    },
    collector("last"),
  ]);
  assert.deepEqual(collectors.map(({ name, state, detail }) => [name, state, detail]), [
    ["first", "ok", undefined],
    ["hangs_at_start", "failed", "did not answer within 0.2 s"],
    ["hangs_at_end", "failed", "did not answer within 0.2 s"],
    ["rejects", "failed", "no /proc/foo"],
    ["throws", "failed", "no privilege"],
    ["throws_at_end", "failed", "cut off"],
    ["last", "ok", undefined],
  ]);
  assert.equal(figures.length, 2);
});

Deno.test("take() hands on what a collector could not read and what it remembers", async () => {
  const remembered = { line: 7 };
  let asked: unknown;
  const partial: Collector = {
    name: "log",
    start: () =>
      Promise.resolve((ending) => {
        asked = ending;
        return Promise.resolve({ ...SEEN, state: { state: "partial", detail: "no /dev/kmsg" }, remember: { line: 9 } });
      }),
  };
  const { collectors: [log], remember } = await looked([partial, collector("other")], {
    remembered: (name) => name === "log" ? remembered : undefined,
  });
  assert.equal(log!.state, "partial");
  assert.equal(log!.detail, "no /dev/kmsg");
  assert.deepEqual(remember, { log: { line: 9 } });
  const { window_s, remembered: got } = asked as { window_s: number; remembered: unknown };
  assert.equal(got, remembered);
  assert.ok(window_s >= 0.05, `${window_s}`);
});

Deno.test("take() has collectors and tools look over the same window, at once", async () => {
  const order: string[] = [];
  const tool: ToolSource = {
    name: "tool",
    start: () => {
      order.push("tool starts");
      return Promise.resolve(() => (order.push("tool ends"), Promise.resolve(READING)));
    },
  };
  const of = (name: string): Collector => ({
    name,
    start: () => {
      order.push(`${name} starts`);
      return Promise.resolve(() => (order.push(`${name} ends`), Promise.resolve(SEEN)));
    },
  });
  const { tools } = await looked([of("a"), of("b")], { tools: [tool] });
  assert.deepEqual(order.slice(0, 3), ["tool starts", "a starts", "b starts"]);
  assert.deepEqual(order.slice(3).sort(), ["a ends", "b ends", "tool ends"]);
  assert.deepEqual(tools, [{ name: "tool", reading: READING }]);
});

Deno.test("take() begins the window when all look, and tells each how long it was between its own readings", async () => {
  const spin = (ms: number): void => {
    for (const end = performance.now() + ms; performance.now() < end;);
  };
  const times: Record<string, number[]> = {};
  const one = (name: string, busy_ms: { start?: number; end?: number }): Collector => ({
    name,
    start: () => {
      times[name] = [performance.now()];
      spin(busy_ms.start ?? 0);
      return Promise.resolve(({ window_s }) => {
        times[name]!.push(performance.now(), window_s);
        spin(busy_ms.end ?? 0);
        return Promise.resolve(SEEN);
      });
    },
  });
  // the first keeps the others waiting for far longer than the window is, at its start and at its end
  await looked([one("busy", { start: 500, end: 500 }), one("next", {}), one("last", {})], {
    limits: { start_ms: 60_000, end_ms: 60_000 },
  });
  for (const [name, [start = 0, end = 0, window_s = 0]] of Object.entries(times)) {
    const really_s = (end - start) / 1000;
    assert.ok(really_s >= 0.05 && Math.abs(window_s - really_s) < 0.25, `${name}: ${window_s} s is ${really_s} s`);
  }
});

Deno.test("take() tells why a tool could not look, and hears the others", async () => {
  const tools: ToolSource[] = [
    { name: "refused", start: () => Promise.reject(new Error("no CAP_BPF")) },
    { name: "hangs", start: () => Promise.resolve(hangs) },
    { name: "works", start: () => Promise.resolve(() => Promise.resolve(READING)) },
  ];
  const taken = await looked([collector("a")], { tools });
  assert.deepEqual(taken.tools.map(({ name, error }) => [name, error]), [
    ["refused", "no CAP_BPF"],
    ["hangs", "did not answer within 0.2 s"],
    ["works", undefined],
  ]);
  assert.equal(taken.collectors[0]!.state, "ok");
});

Deno.test("take() ends the window at a signal, and judges what it has", async () => {
  const stop = new AbortController();
  const taking = looked([collector("a")], { window_ms: 3_600_000, signal: stop.signal });
  stop.abort();
  const { collectors, window_s } = await taking;
  assert.equal(collectors[0]!.state, "ok");
  assert.ok(window_s < 60);
});

Deno.test("take() leaves behind who has not answered at the deadline", async () => {
  const deadline = new AbortController();
  const started = Promise.withResolvers<void>();
  const taking = looked([collector("a", { end: () => (started.resolve(), hangs()) }), collector("b")], {
    deadline: deadline.signal,
    limits: { start_ms: 3_600_000, end_ms: 3_600_000 },
  });
  await started.promise;
  deadline.abort();
  const { collectors: [a, b] } = await taking;
  assert.equal(a!.detail, "had not answered when the time of this snapshot was up");
  assert.equal(b!.state, "ok");
});

Deno.test("take() says whose code runs, and nobody's while all wait", async () => {
  const steps: (string | undefined)[] = [];
  await looked([collector("a")], { on_step: (name) => steps.push(name) });
  assert.deepEqual(steps, ["a", undefined, "a", undefined]);
});
