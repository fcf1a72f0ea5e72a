/** The names that a program on a function collects on the way from a file to the root. */
import assert from "node:assert/strict";
import { type Capture, PATH_SLOT_BYTES, type Read } from "../../src/kernel/capture.ts";
import { pathText } from "../../src/kernel/btf/known_files.ts";
import { openKernelBtf, pathLayout } from "../../src/kernel/btf/mod.ts";
import type { FunctionPlan } from "../../src/probes/plan/function_plan.ts";
import { bpftoolOffsets } from "../support/bpftool_offsets.ts";
import { functionPlan, type Seen, traceWork } from "../support/functions.ts";

function path(kind: "path" | "dentry_path", steps: readonly number[]): Capture {
  return {
    name: kind,
    type: "struct path",
    reads: [{ source: 2, path: steps, kind, bytes: PATH_SLOT_BYTES, space: "kernel" }],
    decode: ([slot]) => slot === undefined ? null : pathText(slot),
  };
}

/** (struct task_struct *task, pid_t old_pid, struct linux_binprm *binary): the file that is executed. */
async function planExec(): Promise<FunctionPlan> {
  const { linux_binprm, file, path: in_path } = await bpftoolOffsets("/sys/kernel/btf/vmlinux", {
    linux_binprm: ["file"],
    file: ["f_path"],
    path: ["dentry"],
  });
  const found = openKernelBtf();
  assert.ok(found.ok);
  const path_layout = pathLayout(found.btf.types);
  assert.ok(path_layout);
  const f_path = [linux_binprm!["file"]![0]! / 8, file!["f_path"]![0]! / 8] as const;
  const dentry = [f_path[0], f_path[1] + in_path!["dentry"]![0]! / 8, 0] as const;
  return functionPlan({ kind: "raw_tracepoint", event: "sched_process_exec" }, {
    argument_count: 3,
    has_return: false,
    captures: [path("path", f_path), path("dentry_path", dentry)],
    path_layout,
  });
}

const EXEC = await planExec();

/** Executes a copy of true(1); the process is there before the session is, whose own children are not traced. */
async function execute(binary: string): Promise<Seen> {
  const shell = new Deno.Command("sh", { args: ["-c", `read go; exec ${binary}`], stdin: "piped" }).spawn();
  const writer = shell.stdin.getWriter();
  const seen = await traceWork(EXEC, async () => {
    await writer.write(new TextEncoder().encode("go\n"));
    await shell.status;
  }, { filters: { pid: shell.pid } });
  await writer.close();
  return seen;
}

/** In a chroot no mount is at the root, and a path goes on above it, to the root of the mount namespace. */
function isChroot(): boolean {
  return !Deno.readTextFileSync("/proc/self/mountinfo").split("\n").some((line) => line.split(" ")[4] === "/");
}

Deno.test("the path of a file has all its names, up to the root over the file systems between", async () => {
  const folder = await Deno.makeTempDir({ dir: "/dev/shm" }); // a file system of its own
  try {
    await Deno.copyFile("/bin/true", `${folder}/true`);
    const { events } = await execute(`${folder}/true`);
    assert.equal(events.length, 1);
    const { path, dentry_path } = events[0]!.data;
    const expected = `${folder}/true`;
    assert.equal(isChroot() ? String(path).slice(-expected.length) : path, expected);
    assert.equal(dentry_path, `/${folder.split("/").at(-1)}/true`); // up to the root of that file system
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("of a path that is longer than a program follows, the innermost names are told, and that it is cut", async () => {
  const folder = await Deno.makeTempDir({ dir: "/dev/shm" });
  try {
    const deep = `${folder}/${Array.from({ length: 30 }, (_, i) => `d${i}`).join("/")}`;
    await Deno.mkdir(deep, { recursive: true });
    await Deno.copyFile("/bin/true", `${deep}/true`);
    const { events } = await execute(`${deep}/true`);
    const innermost = Array.from({ length: 23 }, (_, i) => `d${7 + i}`).join("/");
    assert.equal(events[0]!.data["path"], `…/${innermost}/true`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a path of long names is cut where its slot is full", async () => {
  const folder = await Deno.makeTempDir({ dir: "/dev/shm" });
  try {
    const deep = `${folder}/${Array.from({ length: 6 }, (_, i) => `${i}`.repeat(200)).join("/")}`;
    await Deno.mkdir(deep, { recursive: true });
    await Deno.copyFile("/bin/true", `${deep}/true`);
    const { events } = await execute(`${deep}/true`);
    const innermost = "2345".replace(/./g, (digit) => `${digit.repeat(200)}/`);
    assert.equal(events[0]!.data["path"], `…/${innermost}true`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the verifier takes a program that reads as much as one can", async () => {
  const steps = [8, 16, 24, 32, 40];
  const reads = Array.from({ length: 24 }, (_, i): Read => ({
    source: 2,
    path: [8 * i, ...steps],
    kind: i < 7 ? "path" : "string",
    bytes: 56,
    space: i % 2 === 0 ? "kernel" : "user",
  }));
  const all: Capture = { name: "all", type: "all", reads, decode: (slots) => slots.length };
  const { events } = await traceWork({ ...EXEC, captures: [all] }, () => Promise.resolve());
  assert.deepEqual(events.filter(({ data }) => data["all"] !== 24), []);
});
