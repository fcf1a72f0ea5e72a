import assert from "node:assert/strict";
import { editDistance, nearest } from "../../src/kernel/nearest.ts";

const NAMES = [
  "sched:sched_switch",
  "syscalls:sys_enter_connect",
  "syscalls:sys_enter_close",
  "tcp_connect",
  "kmem:kmalloc",
];

Deno.test("nearest() finds a name with a missing, a doubled and a swapped letter", () => {
  assert.deepEqual(nearest("syscalls/sys_enter_conect", NAMES), ["syscalls:sys_enter_connect"]);
  assert.deepEqual(nearest("sched:sched_swittch", NAMES), ["sched:sched_switch"]);
  assert.deepEqual(nearest("sched:sched_siwtch", NAMES), ["sched:sched_switch"]);
});

Deno.test("nearest() puts fewer edits first and honours the limit", () => {
  const words = ["trace", "traces", "track", "tracker"];
  assert.deepEqual(nearest("trce", words), ["trace", "track", "traces"]);
  assert.deepEqual(nearest("trce", words, { limit: 1 }), ["trace"]);
});

Deno.test("nearest() takes a word that stands inside a longer name", () => {
  assert.deepEqual(nearest("kmalloc", NAMES), ["kmem:kmalloc"]);
  assert.deepEqual(nearest("connect", NAMES), ["tcp_connect", "syscalls:sys_enter_connect"]);
});

Deno.test("nearest() returns nothing for a word unlike any candidate, and for an empty one", () => {
  assert.deepEqual(nearest("zzzzqqqq", NAMES), []);
  assert.deepEqual(nearest("", NAMES), []);
});

Deno.test("nearest() ignores case and separators, and lists a repeated candidate once", () => {
  assert.deepEqual(nearest("KMEM/kmalloc", [...NAMES, "kmem:kmalloc"]), ["kmem:kmalloc"]);
});

Deno.test("editDistance() counts a swap of neighbours as one edit and stops at the bound", () => {
  assert.equal(editDistance("abcd", "abdc"), 1);
  assert.equal(editDistance("kitten", "sitting"), 3);
  assert.equal(editDistance("kitten", "sitting", 1), 2);
  assert.equal(editDistance("", "abc"), 3);
});
