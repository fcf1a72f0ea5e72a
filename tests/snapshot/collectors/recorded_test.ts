/** Hosts that were recorded: healthy ones raise nothing, and their figures are those that the files show. */
import assert from "node:assert/strict";
import { parseMeminfo } from "../../../src/kernel/host/procfs.ts";
import { type Collected } from "../../../src/snapshot/collector.ts";
import { COLLECTORS } from "../../../src/snapshot/collectors/mod.ts";
import { figure as figureSchema } from "../../../src/protocol/snapshot.ts";
import { figure, recordedHost, recordedNames, recordedSources, told } from "../recorded.ts";

async function collectAll(name: string): Promise<ReadonlyMap<string, Collected>> {
  const host = recordedHost(name);
  const { sources, end } = recordedSources(host);
  const started = [];
  for (const { name, start } of COLLECTORS) started.push([name, await start(sources)] as const);
  end();
  const all = new Map<string, Collected>();
  for (const [name, finish] of started) all.set(name, await finish({ window_s: host.window_s }));
  return all;
}

for (const name of recordedNames()) {
  Deno.test(`${name}: a healthy host raises nothing, and every figure fits the schema, once`, async () => {
    const all = await collectAll(name);
    assert.deepEqual([...all.values()].flatMap(told), []);
    const figures = [...all.values()].flatMap(({ figures }) => figures);
    for (const each of figures) figureSchema.parse(each);
    const keys = figures.map(({ name, of }) => `${name} ${of ?? ""}`);
    assert.deepEqual(keys.filter((key, at) => keys.indexOf(key) !== at), []);
    assert.ok(figures.length > 50, `only ${figures.length} figures`);
  });

  Deno.test(`${name}: figures are those of the files`, async () => {
    const host = recordedHost(name);
    const text = (path: string) => String(host.end.text[path]);
    const all = await collectAll(name);
    const meminfo = parseMeminfo(text("/proc/meminfo"));
    assert.equal(figure(all.get("memory")!, "memory.available_bytes"), meminfo.get("MemAvailable"));
    assert.equal(
      figure(all.get("processes")!, "process.count"),
      host.end.names["/proc"] === undefined
        ? undefined
        : (host.end.names["/proc"] as readonly string[]).filter((each) =>
          /^\d+$/.test(each) && typeof host.end.text[`/proc/${each}/stat`] === "string"
        ).length,
    );
    const ports = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) =>
      [...text(path).matchAll(/^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:0000 0A /gm)].map(([, port]) => port)
    );
    assert.equal(figure(all.get("listen_queues")!, "tcp.listeners"), new Set(ports).size);
    const [, forks] = /^processes (\d+)$/m.exec(text("/proc/stat")) ?? [];
    const [, before] = /^processes (\d+)$/m.exec(String(host.start.text["/proc/stat"])) ?? [];
    assert.equal(figure(all.get("cpu")!, "cpu.forks_per_s"), (Number(forks) - Number(before)) / host.window_s);
  });
}

Deno.test("hosts without PSI, without swap, without systemd: said as absent, not as failed", async () => {
  for (const name of recordedNames()) {
    const all = await collectAll(name);
    const states = [...all].flatMap(([name, { state }]) => state === undefined ? [] : [`${name} ${state.state}`]);
    assert.deepEqual(states.filter((state) => !state.endsWith(" absent")), []);
    assert.ok(states.includes("swap absent") && states.includes("units absent"), states.join(", "));
  }
});
