import assert from "node:assert/strict";
import { Tally, top } from "../../../src/probes/result/tally.ts";

function tallied(events: Iterable<Record<string, unknown>>): Tally {
  const tally = new Tally();
  for (const data of events) {
    tally.add({ timestamp: 0n, process_id: 1, process_name: "p", event_type: "made:up", data });
  }
  return tally;
}

function by(name: string, events: Iterable<Record<string, unknown>>): unknown {
  return tallied(events).aggregates().by_field[name];
}

Deno.test("Tally counts the most common values of a field, most first, equal ones by name", () => {
  const values = ["b", "c", "a", "c", "b", "d", "c"];
  assert.deepEqual(by("x", values.map((x) => ({ x }))), [
    { value: "c", count: 3 },
    { value: "b", count: 2 },
    { value: "a", count: 1 },
    { value: "d", count: 1 },
  ]);
});

Deno.test("Tally lists ten values of a field", () => {
  const counts = by("x", Array.from({ length: 30 }, (_, x) => ({ x }))) as unknown[];
  assert.equal(counts.length, 10);
});

Deno.test("Tally drops a field with too many different values, and keeps its neighbours", () => {
  const events = (count: number) => Array.from({ length: count }, (_, i) => ({ path: `/tmp/${i}`, flags: "O_RDONLY" }));
  const few = tallied(events(4000)).aggregates().by_field;
  assert.equal(few["path"]?.length, 10);
  const many = tallied(events(10_000)).aggregates().by_field;
  assert.equal(many["path"], undefined);
  assert.deepEqual(many["flags"], [{ value: "O_RDONLY", count: 10_000 }]);
});

Deno.test("Tally names values as people do, and leaves out what is no category", () => {
  const label = (x: unknown): unknown => (by("x", [{ x }]) as { value: string }[] | undefined)?.[0]?.value;
  assert.equal(label("text"), "text");
  assert.equal(label(0), "0");
  assert.equal(label(true), "true");
  assert.equal(label(["sh", "-c", "exit"]), "sh -c exit");
  assert.equal(label({ family: "AF_INET", address: "192.0.2.1", port: 80 }), "192.0.2.1:80");
  assert.equal(label({ family: "AF_INET6", address: "::1", port: 80 }), "[::1]:80");
  assert.equal(label({ family: "AF_UNIX", path: "/run/x" }), "/run/x");
  assert.equal(label({ family: "AF_NETLINK" }), "AF_NETLINK");
  const local = { address: "192.0.2.1", port: 40_000 }, remote = { address: "192.0.2.2", port: 5432 };
  assert.equal(label({ family: "AF_INET", protocol: "IPPROTO_TCP", local, remote }), "192.0.2.2:5432");
  assert.equal(label({ pid: 12, tid: 13, comm: "sh" }), "sh (pid 12)");
  assert.equal(label({ protocol: "IPv4", source: "192.0.2.1", destination: "192.0.2.2" }), "192.0.2.1 to 192.0.2.2");
  assert.equal(label({ device: "8:0", operation: "READ", bytes: 512 }), "READ");
  for (const none of ["0xffff888012345678", null, undefined, [1, 2], {}, 2n ** 60n]) {
    assert.equal(label(none), undefined);
  }
});

Deno.test("Tally counts errors and pending calls apart from the values of fields", () => {
  const tally = tallied([
    { fd: 3, ret: -2, error: "ENOENT", latency_ns: 10 },
    { fd: 3, ret: -13, error: "EACCES", latency_ns: 10 },
    { fd: 3, ret: -2, error: "ENOENT", latency_ns: 10 },
    { fd: 3, ret: 4, latency_ns: 10 },
    { fd: 3, pending: true, latency_ns: 9e9 },
  ]);
  const { by_field, errors, latency } = tally.aggregates();
  assert.deepEqual(errors, [{ value: "ENOENT", count: 2 }, { value: "EACCES", count: 1 }]);
  assert.deepEqual(Object.keys(by_field), ["fd"]);
  assert.equal(tally.pending, 1);
  assert.deepEqual(
    latency,
    { count: 4, mean_ns: 10, p50_ns: 10, p99_ns: 10, max_ns: 10 },
    "what is pending took no time yet",
  );
});

Deno.test("Tally has no latency where nothing was timed", () => {
  assert.equal(tallied([{ fd: 3 }]).aggregates().latency, undefined);
  assert.equal(tallied([]).aggregates().latency, undefined);
});

Deno.test("Tally's quantiles are right within 6%, and never above the maximum", () => {
  for (const scale of [1, 37, 1e3, 1e6, 3e9]) {
    const values = Array.from({ length: 1000 }, (_, i) => (i + 1) * scale);
    const { p50_ns, p99_ns, max_ns, mean_ns, count } = tallied(values.map((latency_ns) => ({ latency_ns })))
      .aggregates()
      .latency!;
    assert.equal(count, 1000);
    assert.equal(max_ns, 1000 * scale);
    assert.equal(mean_ns, Math.round(500.5 * scale));
    assert.ok(Math.abs(p50_ns / (500 * scale) - 1) < 0.06, `${p50_ns} for ${500 * scale}`);
    assert.ok(Math.abs(p99_ns / (990 * scale) - 1) < 0.06, `${p99_ns} for ${990 * scale}`);
    assert.ok(p99_ns <= max_ns);
  }
  const { p50_ns, max_ns } = tallied([{ latency_ns: 0 }]).aggregates().latency!;
  assert.deepEqual([p50_ns, max_ns], [0, 0]);
});

Deno.test("top() sorts by count, then by name, and leaves the map as it is", () => {
  const counts = new Map([["z", 1], ["a", 1], ["m", 5]]);
  assert.deepEqual(top(counts).map(({ value }) => value), ["m", "a", "z"]);
  assert.deepEqual(top(counts, 1), [{ value: "m", count: 5 }]);
  assert.deepEqual(top(new Map()), []);
  assert.deepEqual([...counts.keys()], ["z", "a", "m"]);
});
