import assert from "node:assert/strict";
import { parseFile, parseUserTarget } from "../../../src/kernel/userspace/target.ts";

Deno.test("parseUserTarget() takes apart every form of a target", () => {
  const cases: readonly (readonly [string, unknown, unknown])[] = [
    ["uprobe:/lib/libc.so.6:getaddrinfo", { path: "/lib/libc.so.6" }, { symbol: "getaddrinfo", offset: 0 }],
    ["uretprobe:/usr/sbin/nginx:main", { path: "/usr/sbin/nginx" }, { symbol: "main", offset: 0 }],
    ["/bin/bash:readline+0x10", { path: "/bin/bash" }, { symbol: "readline", offset: 16 }],
    ["/bin/bash:readline+16", { path: "/bin/bash" }, { symbol: "readline", offset: 16 }],
    ["/bin/bash:0x1234", { path: "/bin/bash" }, { offset: 0x1234 }],
    ["./a.out:main", { path: "./a.out" }, { symbol: "main", offset: 0 }],
    [" libc:malloc ", { name: "libc" }, { symbol: "malloc", offset: 0 }],
    ["u:c:malloc", { name: "c" }, { symbol: "malloc", offset: 0 }],
    ["c:malloc()", { name: "c" }, { symbol: "malloc", offset: 0 }],
    ['libc:"malloc"', { name: "libc" }, { symbol: "malloc", offset: 0 }],
    ["libc:memcpy@GLIBC_2.2.5", { name: "libc" }, { symbol: "memcpy@GLIBC_2.2.5", offset: 0 }],
    ["/bin/x:ns::Type::run", { path: "/bin/x" }, { symbol: "ns::Type::run", offset: 0 }],
    ["4711:malloc", { pid: 4711 }, { symbol: "malloc", offset: 0 }],
    ["4711:core::fmt::write", { pid: 4711 }, { symbol: "core::fmt::write", offset: 0 }],
    ["4711:libc:malloc", { pid: 4711, name: "libc" }, { symbol: "malloc", offset: 0 }],
    ["4711:/lib/libc.so.6:malloc+4", { pid: 4711, path: "/lib/libc.so.6" }, { symbol: "malloc", offset: 4 }],
    ["7z:main", { name: "7z" }, { symbol: "main", offset: 0 }],
  ];
  for (const [target, file, place] of cases) assert.deepEqual(parseUserTarget(target), { file, place }, target);
});

Deno.test("parseUserTarget() needs a file and a place", () => {
  for (const target of ["", "malloc", "libc:", ":malloc", "uprobe:malloc", "/bin/bash", "ns::run", "4711:"]) {
    assert.equal(parseUserTarget(target), undefined, target);
  }
});

Deno.test("parseUserTarget() takes a symbol alone when a process is given", () => {
  const expected = { file: { pid: 71 }, place: { symbol: "malloc", offset: 0 } };
  assert.deepEqual(parseUserTarget("malloc", { pid: 71 }), expected);
  assert.deepEqual(parseUserTarget("uprobe:malloc", { pid: 71 }), expected);
});

Deno.test("parseFile() tells paths, names and processes apart", () => {
  assert.deepEqual(["/bin/x", "bin/x", "libc.so.6", "nginx", "71", "71:libc", "71:/bin/x"].map(parseFile), [
    { path: "/bin/x" },
    { path: "bin/x" },
    { name: "libc.so.6" },
    { name: "nginx" },
    { pid: 71 },
    { pid: 71, name: "libc" },
    { pid: 71, path: "/bin/x" },
  ]);
});
