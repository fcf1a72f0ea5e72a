/**
 * Deno's main module in the offline package: runs the parts of the bundle out of one file, as they are asked for.
 *
 * As modules they would take three times as long to start: Deno parses every module once more by itself, those behind
 * each `import()` too. And from memory, where the package may have to run, no module finds another.
 */
import { PACKAGED } from "../../src/kernel/host/packaged.ts";

interface Index {
  readonly [name: string]: readonly [at: number, bytes: number];
}
type Part = (require: (id: string) => unknown, module: { exports: unknown }, exports: unknown) => void;

// set by scripts/launcher, and by ktriage when it starts itself
const file = Deno.openSync(Deno.env.get("KTRIAGE_PACK") ?? "");
const header = read(0, 16);
const parts_at = 16 + Number(new TextDecoder().decode(header));
const index = JSON.parse(new TextDecoder().decode(read(16, parts_at - 16))) as Index;
const loaded = new Map<string, { exports: unknown }>();

if (import.meta.url.startsWith("file:///proc/self/fd/")) {
  try { // from memory the kernel has named the process after that
    Deno.writeTextFileSync("/proc/self/comm", "ktriage");
  } catch {
    // a name is all that is lost
  }
}
Object.defineProperty(globalThis, PACKAGED, { value: true });
require("main.js");

function require(id: string): unknown {
  if (id === "node:module") return { createRequire: () => require }; // what esbuild puts in front of bundles for Deno
  if (id.startsWith("node:")) return process.getBuiltinModule(id);
  const name = id.replace("./", "");
  const known = loaded.get(name);
  if (known) return known.exports;
  const [at, bytes] = index[name] ?? missing(name);
  const content = read(parts_at + at, bytes);
  if (!name.endsWith(".js")) return { default: content };
  const module: { exports: unknown } = { exports: {} };
  loaded.set(name, module);
  // the parentheses make V8 compile it at once, instead of looking it through first
  const part = (0, eval)(
    `(function(require,module,exports){"use strict";${
      new TextDecoder().decode(content)
    }\n})\n//# sourceURL=ktriage:${name}`,
  ) as Part;
  part(require, module, module.exports);
  return module.exports;
}

function read(at: number, bytes: number): Uint8Array<ArrayBuffer> {
  const content = new Uint8Array(bytes);
  file.seekSync(at, Deno.SeekMode.Start);
  for (let length = 0; length < bytes;) {
    const more = file.readSync(content.subarray(length));
    if (more === null) throw new Error("Cannot read ktriage's own scripts: the file ends early.");
    length += more;
  }
  return content;
}

function missing(name: string): never {
  throw new Error(`Cannot find ${name} in ktriage's own scripts.`);
}
