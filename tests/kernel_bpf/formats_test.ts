/** This kernel's own event formats: every one is read, and the tables that go with them are complete. */
import assert from "node:assert/strict";
import { syscallArgument } from "../../src/kernel/tracing/arguments.ts";
import { describer } from "../../src/kernel/tracing/describe.ts";
import { type Format, parseFormat } from "../../src/kernel/tracing/format.ts";
import { type FieldPresentation, parsePrintFmt } from "../../src/kernel/tracing/print_fmt.ts";
import { isBefore } from "../../src/kernel/host/release.ts";
import { syscallTable } from "../../src/kernel/tracing/syscalls.ts";
import { resolveTarget } from "../../src/kernel/tracing/targets.ts";
import { openTracefs } from "../../src/kernel/tracing/tracefs.ts";
import { readTracefs } from "../../src/kernel/tracing/tracefs_files.ts";

function availableEvents(): string[] {
  using tracefs = openTracefs();
  return readTracefs(tracefs, "available_events").trim().split("\n");
}

function allFormats(): Map<string, Format> {
  using tracefs = openTracefs();
  const events = readTracefs(tracefs, "available_events").trim().split("\n");
  return new Map(events.map((event) => {
    return [event, parseFormat(readTracefs(tracefs, `events/${event.replace(":", "/")}/format`))];
  }));
}

Deno.test("parseFormat() and parsePrintFmt() read every event of this kernel", () => {
  const formats = allFormats();
  assert.ok(formats.size > 1000, `${formats.size} events`);
  const ids = new Set<number>();
  for (const [event, format] of formats) {
    assert.equal(`${event.split(":")[0]}:${format.name}`, event);
    ids.add(format.id);
    for (const field of format.fields) {
      assert.ok(field.offset >= 8 && field.offset + field.size <= format.record_bytes, `${event}.${field.name}`);
    }
    for (const [name, presentation] of parsePrintFmt(format)) {
      assert.ok(format.fields.some((field) => field.name === name), `${event}.${name}`);
      // a table is usable for any value, the largest included
      if (presentation.kind === "named") {
        const describe = describer(presentation);
        for (const value of [0, 1, -1, 2n ** 64n - 1n]) assert.notEqual(describe(value), undefined, `${event}.${name}`);
      }
    }
  }
  assert.equal(ids.size, formats.size, "every id once");
});

Deno.test("resolveTarget() finds every event of this kernel under its own name", () => {
  const events = availableEvents();
  for (const event of events) {
    const resolution = resolveTarget(event.replace(":", "/"), events);
    if (/^raw_syscalls:/.test(event)) assert.equal(resolution.kind, "all_syscalls");
    else {assert.deepEqual({ ...resolution, note: undefined }, {
        kind: "tracepoint",
        category: event.slice(0, event.indexOf(":")),
        name: event.slice(event.indexOf(":") + 1),
        note: undefined,
      });}
  }
});

Deno.test("resolveTarget() finds the event of every system call that this kernel has", () => {
  const events = availableEvents();
  const reached = new Set<string>();
  for (const call of syscallTable(Deno.build.arch).values()) {
    const resolution = resolveTarget(`syscalls/sys_enter_${call}`, events);
    if (resolution.kind === "tracepoint") reached.add(`${resolution.category}:${resolution.name}`);
  }
  const missed = events.filter((event) => event.startsWith("syscalls:sys_enter_") && !reached.has(event));
  assert.deepEqual(missed, []);
});

Deno.test("syscallArgument() classifies this kernel's arguments as the reviewed list does", () => {
  const golden = Deno.readTextFileSync(new URL("../data/formats/syscall_arguments.golden", import.meta.url));
  const reviewed = new Set(golden.trim().split("\n").map((line) => line.split(" ").slice(0, 3).join(" ")));
  let read = 0;
  for (const [event, format] of allFormats()) {
    if (!event.startsWith("syscalls:sys_enter_")) continue;
    for (const field of format.fields) {
      const { kind } = syscallArgument(format.name, field);
      if (kind === "none") continue;
      const line = `${format.name.slice("sys_enter_".length)} ${field.name} ${kind}`;
      assert.ok(reviewed.has(line), line);
      read++;
    }
  }
  // arm64 has no system calls that others succeeded
  assert.ok(read > (Deno.build.arch === "x86_64" ? 90 : 75), `${read} arguments`);
});

/** Where the kernel's text output shows a field's name. */
const SHOWN: readonly { readonly event: string; readonly field: string; readonly text: RegExp }[] = [
  { event: "kmem:kmalloc", field: "gfp_flags", text: /gfp_flags=(\S+)/ },
  { event: "kmem:mm_page_alloc", field: "gfp_flags", text: /gfp_flags=(\S+)/ },
  { event: "sched:sched_switch", field: "prev_state", text: /prev_state=(\S+)/ },
  { event: "irq:softirq_entry", field: "vec", text: /action=(\w+)/ },
  { event: "sock:inet_sock_set_state", field: "family", text: /family=(\S+)/ },
  { event: "sock:inet_sock_set_state", field: "protocol", text: /protocol=(\S+)/ },
  { event: "sock:inet_sock_set_state", field: "oldstate", text: /oldstate=(\S+)/ },
  { event: "sock:inet_sock_set_state", field: "newstate", text: /newstate=(\S+)/ },
];

interface Recorded {
  readonly named: readonly string[];
  /** Absent before Linux 6.4, which shows names only. */
  readonly numbered?: readonly string[];
}

/** Records events of this process, and gives them as the kernel names them and as it numbers them. */
async function recorded(root: string, events: ReadonlySet<string>): Promise<Recorded> {
  const instance = `${root}/instances/ktriage_test_${Deno.pid}`;
  Deno.mkdirSync(instance);
  try {
    const threads = [...Deno.readDirSync("/proc/self/task")].map(({ name }) => name);
    Deno.writeTextFileSync(`${instance}/set_event_pid`, threads.join(" "));
    for (const event of events) Deno.writeTextFileSync(`${instance}/events/${event.replace(":", "/")}/enable`, "1");
    await connectAndSleep();
    Deno.writeTextFileSync(`${instance}/tracing_on`, "0");
    const read = (): string[] =>
      Deno.readTextFileSync(`${instance}/trace`).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const named = read();
    if (isBefore(Deno.osRelease(), [6, 4])) return { named };
    Deno.writeTextFileSync(`${instance}/options/fields`, "1");
    return { named, numbered: read() };
  } finally {
    Deno.writeTextFileSync(`${instance}/events/enable`, "0");
    Deno.removeSync(instance);
  }
}

/** Brings about TCP states, allocations, softirqs and switches in this process. */
async function connectAndSleep(): Promise<void> {
  for (const hostname of ["127.0.0.1", "::1"]) {
    using listener = Deno.listen({ hostname, port: 0 });
    const [client, server] = await Promise.all([
      Deno.connect({ hostname, port: listener.addr.port }),
      listener.accept(),
    ]);
    await client.write(new Uint8Array(1000));
    await server.read(new Uint8Array(1000));
    client.close();
    server.close();
  }
  await new Deno.Command("true").output();
}

/** Text of nothing but names that a field's values have. */
function onlyNames({ parts }: FieldPresentation & { kind: "named" }): RegExp {
  const names = parts.flatMap((part) =>
    part.kind === "flags"
      ? [...part.flags.map(({ name }) => name), part.none, part.separator]
      : [...part.names.values(), part.otherwise]
  ).filter((name) => name !== undefined && name !== "");
  return new RegExp(`^(${names.map((name) => RegExp.escape(name!)).join("|")})+$`);
}

Deno.test("describer() gives values the names that this kernel's own text output gives them", async () => {
  using tracefs = openTracefs();
  const { named, numbered } = await recorded(tracefs.root, new Set(SHOWN.map(({ event }) => event)));
  if (numbered !== undefined) assert.equal(named.length, numbered.length);
  for (const { event, field, text } of SHOWN) {
    const name = event.split(":")[1];
    const format = parseFormat(readTracefs(tracefs, `events/${event.replace(":", "/")}/format`));
    const presentation = parsePrintFmt(format).get(field);
    assert.ok(presentation?.kind === "named", `${event}.${field}`);
    const describe = describer(presentation);
    let compared = 0;
    for (const [i, line] of named.entries()) {
      if (!line.includes(` ${name}: `)) continue;
      const shown = text.exec(line)?.[1] ?? assert.fail(line);
      if (numbered === undefined) {
        assert.match(shown, onlyNames(presentation), line);
      } else {
        const value = new RegExp(`\\b${field}=0x([0-9a-f]+) `).exec(`${numbered[i]} `.replace(/ \(/g, "  ("))?.[1];
        assert.ok(value, numbered[i]);
        assert.equal(describe(Number(`0x${value}`)), shown, line);
      }
      compared++;
    }
    assert.ok(compared > 0, `${event} was not seen`);
  }
});
