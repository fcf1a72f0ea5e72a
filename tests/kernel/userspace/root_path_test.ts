import assert from "node:assert/strict";
import { resolveBelow } from "../../../src/kernel/userspace/root_path.ts";

Deno.test("resolveBelow() follows links without leaving the root", () => {
  const root = Deno.makeTempDirSync({ prefix: "ktriage-root-" });
  try {
    Deno.mkdirSync(`${root}/usr/lib`, { recursive: true });
    Deno.mkdirSync(`${root}/etc`);
    Deno.writeTextFileSync(`${root}/usr/lib/libx.so.1.2`, "");
    Deno.symlinkSync("usr/lib", `${root}/lib`);
    Deno.symlinkSync("libx.so.1.2", `${root}/usr/lib/libx.so.1`);
    Deno.symlinkSync("/etc/alternatives", `${root}/usr/lib/absolute`);
    Deno.symlinkSync("/usr/lib/libx.so.1", `${root}/etc/alternatives`);
    Deno.symlinkSync("../../../../../../etc/alternatives", `${root}/usr/lib/above`);
    Deno.symlinkSync("loop", `${root}/etc/loop`);
    const real = "/usr/lib/libx.so.1.2";
    for (
      const path of [
        "/lib/libx.so.1",
        "/usr/lib/absolute",
        "/lib/above",
        "//usr/./lib/../lib/libx.so.1.2",
        "/../lib/libx.so.1",
      ]
    ) {
      assert.equal(resolveBelow(root, path), real, path);
    }
    assert.equal(resolveBelow(root, "/lib/absent/libx.so"), "/usr/lib/absent/libx.so");
    assert.equal(resolveBelow(root, "/etc/loop"), "/etc/loop");
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});
