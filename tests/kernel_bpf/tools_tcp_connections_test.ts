/** The tool tcp-connections, against connections of which the truth is known. */
import assert from "node:assert/strict";
import { tcpConnections } from "../../src/probes/tools/tcp_connections.ts";
import { rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";

const NAME = "tcp-connections";
const WITHOUT_BTF = 1, PROC = 2;

function traffic(...args: (string | number)[]): Promise<Workload> {
  return Workload.start(args.map(String), { source: "traffic" });
}

for (const way of [0, WITHOUT_BTF]) {
  Deno.test(`tcp-connections: refused connects by process, address and error; ${tcpConnections.ways[way]!.source}`, async () => {
    await using client = await traffic("refused", 7, 9);
    const { event_count, reading, lost_events } = await runTool(NAME, () => client.go(), {
      way,
      filters: { pid: client.pid },
    });
    const [row, ...others] = rowsOf(reading, "failures");
    assert.deepEqual(others, []);
    const { process_id, process_name, direction, address, port, error, count } = row!;
    assert.deepEqual(
      { process_id, process_name, direction, address, port, error, count },
      {
        process_id: client.pid,
        process_name: "traffic",
        direction: "out",
        address: "127.0.0.1",
        port: 9,
        error: "ECONNREFUSED",
        count: 7,
      },
    );
    assert.deepEqual([event_count, lost_events, reading.figures["connects_failed"], reading.figures["ended"]], [
      7,
      0,
      7,
      0,
    ]);
  });

  Deno.test(`tcp-connections: duration and bytes of connections that worked; ${tcpConnections.ways[way]!.source}`, async () => {
    await using client = await traffic("transfer", 3, 100_000, 250_000);
    const start = performance.now();
    const { reading } = await runTool(NAME, () => client.go(), { way });
    const lasted_ns = (performance.now() - start) * 1e6;
    const ended = rowsOf(reading, "ended").filter(({ port }) => port === 4000);
    const out = ended.filter(({ direction }) => direction === "out"),
      into = ended.filter(({ direction }) => direction === "in");
    assert.deepEqual(out.map(({ process_id, count }) => [process_id, count]), [[client.pid, 3]]);
    const bytes = (row: typeof out[number] | undefined): unknown[] => [row?.["sent"], row?.["received"]];
    const has_bytes = way !== WITHOUT_BTF;
    assert.deepEqual(bytes(out[0]), has_bytes ? [300_000, 750_000] : [null, null]);
    assert.deepEqual(into.map(({ process_name, count }) => [process_name, count]), [["server", 3]]);
    assert.deepEqual(bytes(into[0]), has_bytes ? [750_000, 300_000] : [null, null]);
    assert.ok(Number(out[0]!["mean_duration"]) > 0 && Number(out[0]!["longest"]) < lasted_ns);
    assert.ok(rowsOf(reading, "failures").every(({ port }) => port !== 4000));
    const [connect] = reading.histograms;
    assert.ok(connect !== undefined && connect.count >= 3);
  });
}

Deno.test("tcp-connections: why a connect that does not block failed", async () => {
  await using client = await traffic("refused_later", 4, 9);
  const { reading } = await runTool(NAME, () => client.go(), { filters: { pid: client.pid } });
  assert.deepEqual(rowsOf(reading, "failures").map(({ error, count }) => [error, count]), [["ECONNREFUSED", 4]]);
});

Deno.test("tcp-connections: a connect without a route is seen by its result, and one of a UDP socket is not TCP's", async () => {
  await using client = await traffic("no_route", 5);
  const { reading } = await runTool(NAME, () => client.go(), { filters: { pid: client.pid } });
  assert.deepEqual(
    rowsOf(reading, "failures").map(({ address, port, error, count }) => [address, port, error, count]),
    [
      ["192.0.2.1", 80, "ENETUNREACH", 5],
    ],
  );
});

Deno.test("tcp-connections: a filter keeps others out", async () => {
  await using client = await traffic("refused", 2, 9);
  await using other = await traffic("refused", 3, 9);
  const { event_count } = await runTool(NAME, async () => {
    await client.go();
    await other.go();
  }, { filters: { pid: other.pid } });
  assert.equal(event_count, 3);
});

Deno.test("tcp-connections: ktriage's own connections are in no row", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const { reading } = await runTool(NAME, async () => {
    const accepted = listener.accept();
    const client = await Deno.connect({ hostname: "127.0.0.1", port });
    (await accepted).close();
    client.close();
    await Deno.connect({ hostname: "127.0.0.1", port: 9 }).catch(() => {});
  });
  for (const table of ["ended", "failures"]) {
    const rows = rowsOf(reading, table).filter((row) => row["process_id"] === Deno.pid || row["port"] === port);
    assert.deepEqual(rows, []);
  }
});

Deno.test("tcp-connections: without BPF the counters of this network namespace", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const { reading } = await runTool(NAME, async () => {
    for (let i = 0; i < 6; i++) await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => {});
  }, { way: PROC });
  assert.ok(Number(reading.figures["connects_failed"]) >= 6, JSON.stringify(reading.figures));
});
