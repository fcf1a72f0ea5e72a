import assert from "node:assert/strict";
import { parseCodeRanges, UserAddresses } from "../../../src/kernel/userspace/addresses.ts";
import { compiled } from "../../support/workload.ts";

/** A process that runs until it is disposed. */
async function mapped(path: string): Promise<AsyncDisposable & { readonly pid: number }> {
  const child = new Deno.Command(path, { args: ["burn", "1"], stdin: "piped", stdout: "piped" }).spawn();
  const lines = child.stdout.getReader();
  await lines.read(); // ready: it is mapped
  return {
    pid: child.pid,
    [Symbol.asyncDispose]: async () => {
      await child.stdin.close();
      await lines.cancel();
      await child.status;
    },
  };
}

Deno.test("parseCodeRanges() takes what can be executed, files and others", () => {
  const maps = `\
55d0c0000000-55d0c0001000 r--p 00000000 08:01 1234                       /usr/bin/a b (deleted)
55d0c0001000-55d0c0003000 r-xp 00001000 08:01 1234                       /usr/bin/a b (deleted)
7f0000000000-7f0000010000 rwxp 00000000 00:00 0 
7ffd00000000-7ffd00001000 r-xp 00000000 00:00 0                          [vdso]
`;
  assert.deepEqual(
    parseCodeRanges(maps).map(({ start, offset, identity, name }) => [start, offset, identity, name]),
    [
      [0x55d0c0001000n, 0x1000, "08:01:1234", "/usr/bin/a b"],
      [0x7f0000000000n, 0, "00:00:0", ""],
      [0x7ffd00000000n, 0, "00:00:0", "[vdso]"],
    ],
  );
  assert.deepEqual(parseCodeRanges("not maps\n"), []);
});

Deno.test("UserAddresses names functions of a running program and says why others have no name", async () => {
  const path = await compiled("stalls");
  // a file that changed in the second in which it was seen mapped is not trusted behind its process's end
  const young_ms = Number((await Deno.stat(path)).ctime) + 1000 - Date.now();
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, young_ms)));
  const { stdout } = await new Deno.Command("nm", { args: [path] }).output();
  const [, symbol] = /^([0-9a-f]+) t burn_here$/m.exec(new TextDecoder().decode(stdout))!;
  const child = await mapped(path);
  const addresses = new UserAddresses();
  addresses.note(child.pid);
  const maps = Deno.readTextFileSync(`/proc/${child.pid}/maps`);
  const [, base] = /^([0-9a-f]+)-\S+ r--p 00000000 .*\/stalls$/m.exec(maps)!;
  const burn_here = BigInt(`0x${base}`) + BigInt(`0x${symbol}`);
  const [found, nothing, stranger] = await addresses.resolve([
    { pid: child.pid, address: burn_here + 4n },
    { pid: child.pid, address: 16n },
    { pid: 2 ** 22 + 1, address: burn_here },
  ]);
  await child[Symbol.asyncDispose]();
  assert.deepEqual(found, { file: "stalls", name: "burn_here" });
  assert.deepEqual(nothing, { why: "no code is mapped there" });
  assert.deepEqual(stranger, { why: "the process has ended" });
  // what was noted is named after its end, too
  const [after] = await addresses.resolve([{ pid: child.pid, address: burn_here }]);
  assert.deepEqual(after, { file: "stalls", name: "burn_here" });
});

Deno.test("UserAddresses does not name addresses by another file that took the place of the one that ran", async () => {
  const path = await Deno.makeTempFile();
  await Deno.copyFile(await compiled("stalls"), path);
  await Deno.chmod(path, 0o700);
  const child = await mapped(path);
  const addresses = new UserAddresses();
  addresses.note(child.pid);
  const [code] = parseCodeRanges(Deno.readTextFileSync(`/proc/${child.pid}/maps`));
  await child[Symbol.asyncDispose]();
  await Deno.remove(path);
  await Deno.copyFile("/bin/true", `${path}.new`);
  await Deno.rename(`${path}.new`, path);
  const [place] = await addresses.resolve([{ pid: child.pid, address: code!.start }]);
  await Deno.remove(path);
  assert.equal(place!.name, undefined);
  assert.equal(place!.why, "its file is gone");
});
