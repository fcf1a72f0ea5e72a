import assert from "node:assert/strict";
import { findLibraries, isLibrary, isPartOfLibc } from "../../../src/kernel/userspace/libraries.ts";
import { parseLibraryCache } from "../../../src/kernel/userspace/library_cache.ts";
import { run } from "./sample.ts";

const CACHE = "/etc/ld.so.cache";

Deno.test("parseLibraryCache() reads what ldconfig -p prints", () => {
  const printed = [...run("/sbin/ldconfig", ["-p"]).matchAll(/^\t(\S+) \((.*)\) => (\S+)$/gm)];
  assert.ok(printed.length > 10);
  const libraries = parseLibraryCache(Deno.readFileSync(CACHE));
  assert.deepEqual(libraries.map(({ name, path }) => [name, path]), printed.map(([, name, , path]) => [name, path]));
});

Deno.test("parseLibraryCache() reads a cache behind one in the format before glibc 2.2", () => {
  const now = Deno.readFileSync(CACHE);
  for (const count of [0, 1, 5]) {
    const old = new Uint8Array(Math.ceil((16 + count * 12) / 4) * 4 + now.length);
    old.set(new TextEncoder().encode("ld.so-1.7.0\0"));
    new DataView(old.buffer).setUint32(12, count, true);
    old.set(now, old.length - now.length);
    assert.deepEqual(parseLibraryCache(old), parseLibraryCache(now));
  }
});

Deno.test("parseLibraryCache() refuses other files", () => {
  for (const text of ["", "glibc-ld.so.cache1.1", "x".repeat(100)]) {
    assert.throws(() => parseLibraryCache(new TextEncoder().encode(text)), SyntaxError);
  }
});

Deno.test("isLibrary() takes short and full names of glibc's and musl's libraries", () => {
  const libc = ["libc.so.6", "libc-2.31.so", "libc.musl-x86_64.so.1", "ld-musl-aarch64.so.1", "libc.so"];
  for (const file of libc) {
    assert.ok(isLibrary(file, "libc"), file);
    assert.ok(isLibrary(file, "c"), file);
  }
  for (const file of ["libcrypt.so.1", "libc++.so.1", "libc.so.6.txt", "glibc.so", "libc.a", "ld-linux-x86-64.so.2"]) {
    assert.ok(!isLibrary(file, "libc"), file);
  }
  assert.ok(isLibrary("libssl.so.1.1", "libssl"));
  assert.ok(isLibrary("libssl.so.3", "libssl.so"));
  assert.ok(isLibrary("libssl.so.3", "libssl.so.3"));
  assert.ok(isLibrary("libstdc++.so.6", "stdc++"));
  assert.ok(!isLibrary("libssl.so.3", "libssl.so.1"));
  assert.ok(!isLibrary("libssl.so.3", "ssl.so.3"));
});

Deno.test("findLibraries() finds the C library that programs here use, each file once", () => {
  const used = run("ldd", ["/bin/bash"]).match(/libc\S* => (\S+)/)![1]!;
  const [first, ...others] = findLibraries("libc");
  assert.equal(Deno.realPathSync(first!), Deno.realPathSync(used));
  assert.deepEqual(others, []);
  assert.deepEqual(findLibraries("libnosuchlibrary"), []);
});

Deno.test("isPartOfLibc() names the libraries that glibc 2.34 merged", () => {
  for (const name of ["libpthread", "pthread", "libdl.so.2", "rt"]) assert.ok(isPartOfLibc(name), name);
  for (const name of ["libc", "libm", "libdlx", "libssl"]) assert.ok(!isPartOfLibc(name), name);
});
