import assert from "node:assert/strict";
import { syscallArgument } from "../../../src/kernel/tracing/arguments.ts";
import { type Field, parseField } from "../../../src/kernel/tracing/format.ts";
import { fieldOf, recordedFormat } from "../recorded_formats.ts";

const DATA = new URL("../../data/formats/", import.meta.url);
const GOLDEN = new URL("syscall_arguments.golden", DATA);

/** One line for each argument that is read: `<call> <argument> <kind>`. */
function classified(): string {
  const [, ...blocks] = Deno.readTextFileSync(new URL("syscalls-7.3.txt", DATA)).split(/^# event /m);
  assert.ok(blocks.length > 360, `${blocks.length} system calls`);
  const lines = blocks.flatMap((block) => {
    const [event = "", ...fields] = block.trimEnd().split("\n");
    return fields.map(parseField).flatMap((field) => describe(event, field));
  });
  return lines.sort().join("\n") + "\n";
}

function describe(event: string, field: Field): string[] {
  const argument = syscallArgument(event, field);
  if (argument.kind === "none") return [];
  const length = argument.kind === "sockaddr" ? ` ${argument.length_field}` : "";
  return [`${event.slice("sys_enter_".length)} ${field.name} ${argument.kind}${length}`];
}

Deno.test("syscallArgument() classifies the arguments of every system call as reviewed", () => {
  const now = classified();
  if (Deno.env.get("KTRIAGE_UPDATE") === "1") Deno.writeTextFileSync(GOLDEN, now);
  assert.equal(now, Deno.readTextFileSync(GOLDEN));
});

Deno.test("syscallArgument() reads paths, addresses that are brought, and argv", () => {
  const openat = recordedFormat("5.10", "syscalls:sys_enter_openat");
  assert.deepEqual(syscallArgument(openat.name, fieldOf(openat, "filename")), { kind: "user_string" });
  const connect = recordedFormat("6.12", "syscalls:sys_enter_connect");
  assert.deepEqual(syscallArgument(connect.name, fieldOf(connect, "uservaddr")), {
    kind: "sockaddr",
    length_field: "addrlen",
  });
  const execve = recordedFormat("6.12", "syscalls:sys_enter_execve");
  assert.deepEqual(syscallArgument(execve.name, fieldOf(execve, "argv")), { kind: "argv" });
});

Deno.test("syscallArgument() names a length field that exists, of every address", () => {
  for (const event of ["connect", "bind", "sendto"]) {
    const format = recordedFormat("6.12", `syscalls:sys_enter_${event}`);
    const argument = format.fields.map((field) => syscallArgument(format.name, field))
      .find((candidate) => candidate.kind === "sockaddr");
    assert.ok(argument?.kind === "sockaddr");
    assert.equal(fieldOf(format, argument.length_field).kind, "integer");
  }
});

Deno.test("syscallArgument() leaves alone what is filled later, is no text, or may be secret", () => {
  for (
    const [event, name] of [
      ["accept4", "upeer_sockaddr"],
      ["recvfrom", "addr"],
      ["write", "buf"],
      ["read", "buf"],
      ["execve", "envp"],
      ["mount", "data"],
      ["openat", "flags"],
    ] as const
  ) {
    const format = recordedFormat("6.12", `syscalls:sys_enter_${event}`);
    assert.deepEqual(syscallArgument(format.name, fieldOf(format, name)), { kind: "none" }, `${event}.${name}`);
  }
});

Deno.test("syscallArgument() answers none outside of sys_enter events", () => {
  const field = parseField("\tfield:const char * filename;\toffset:8;\tsize:8;\tsigned:0;");
  assert.deepEqual(syscallArgument("module_load", field), { kind: "none" });
});
