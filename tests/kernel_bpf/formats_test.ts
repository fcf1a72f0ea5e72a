/** This kernel's own event formats: every one is read, and the tables that go with them are complete. */
import assert from "node:assert/strict";
import { syscallArgument } from "../../src/kernel/arguments.ts";
import { describer } from "../../src/kernel/describe.ts";
import { type Format, parseFormat } from "../../src/kernel/format.ts";
import { parsePrintFmt } from "../../src/kernel/print_fmt.ts";
import { syscallTable } from "../../src/kernel/syscalls.ts";
import { resolveTarget } from "../../src/kernel/targets.ts";
import { openTracefs } from "../../src/kernel/tracefs.ts";
import { readTracefs } from "../../src/kernel/tracefs_files.ts";

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
  assert.ok(read > 90, `${read} arguments`);
});
