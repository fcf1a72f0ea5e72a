/**
 * Writes the offline package: the launcher, then Deno, the loader and the pack in compressed frames, their table, and a
 * trailer. The launcher (scripts/launcher) reads that; the pack, one file with all scripts and assets, is the loader's.
 *
 * pack.ts OUT --launcher FILE --runtime FILE --loader FILE --parts FOLDER --assets FOLDER [--asset NAME=FILE]… --version V
 *
 * Same input, same bytes.
 */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { parseArgs } from "node:util";

/** Small enough that a piece is written while it is in the processor's cache; larger ones would save 1% of the size. */
const PIECE_BYTES = 4 << 20;
/** Higher ones take eight times as long, for a tenth of the size. */
const LEVEL = 12;
const TRAILER_BYTES = 72, FRAME_BYTES = 40, CHECKSUM_AT = 56;

interface Frame {
  readonly file: number;
  readonly size: number;
  readonly to: number;
  readonly compressed: Uint8Array;
}

if (import.meta.main) await main();

async function main(): Promise<void> {
  const text = { type: "string" } as const;
  const { positionals: [out = ""], values } = parseArgs({
    allowPositionals: true,
    options: {
      launcher: text,
      runtime: text,
      loader: text,
      parts: text,
      version: text,
      assets: text,
      asset: { type: "string", multiple: true },
    },
  });
  const { launcher = "", runtime = "", loader = "", parts = "", version = "", assets = "", asset = [] } = values;
  const own = new Map(asset.map((text) => [text.replace(/=.*/, ""), text.replace(/^[^=]*=/, "")]));
  const files = [
    Deno.readFileSync(runtime),
    Deno.readFileSync(loader),
    pack(parts, (name) => own.get(name) ?? `${assets}/${name}`),
  ];
  const start = padded(Deno.readFileSync(launcher));
  const compressed = await compress(files);
  const id = `${version}-${sha256(start, ...files).slice(0, 16)}`;
  const content = assemble(start, compressed, id);
  Deno.writeFileSync(`${out}.new`, content, { mode: 0o755 });
  Deno.chmodSync(`${out}.new`, 0o755);
  Deno.renameSync(`${out}.new`, out);
  Deno.writeTextFileSync(`${out}.sha256`, `${sha256(content)}  ${basename(out)}\n`);
}

/** The loader's file: the length of the index, the index, then the scripts and the assets that they ask for. */
function pack(folder: string, fileOf: (asset: string) => string): Uint8Array<ArrayBuffer> {
  const asked = new Set<string>();
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".js"));
  const scripts = names.map((name): [string, Uint8Array] => {
    const script = callable(Deno.readTextFileSync(`${folder}/${name}`), (asset) => asked.add(asset));
    return [name, new TextEncoder().encode(script)];
  });
  const carried = [...asked].map((name): [string, Uint8Array] => [name, Deno.readFileSync(fileOf(name))]);
  const parts = [...scripts, ...carried].sort(([one], [other]) => one < other ? -1 : 1);
  let at = 0;
  const index = Object.fromEntries(parts.map(([name, { length }]) => [name, [(at += length) - length, length]]));
  const index_bytes = new TextEncoder().encode(JSON.stringify(index));
  const length = new TextEncoder().encode(String(index_bytes.length).padEnd(16));
  return joined([length, index_bytes, ...parts.map(([, bytes]) => bytes)]);
}

/** Imports that happen later become the loader's, of other parts and of assets. */
function callable(script: string, uses: (asset: string) => void): string {
  const later = (id: string): string => `Promise.resolve().then(()=>require("${id}"))`;
  const text = script
    .replaceAll(/import\("(\.\/[^"/]+\.js|node:[a-z0-9_/]+)"\)/g, (_, id: string) => later(id))
    .replaceAll(/import\("(?:\.\.\/)+build\/([^"]+)",\s*\{with:\{type:"bytes"\}\}\)/g, (_, asset: string) => {
      uses(asset);
      return later(asset);
    });
  const left = /.{0,40}\bimport\s*\(.{0,60}/.exec(text);
  if (left) throw new Error(`Cannot pack: this import is not understood: ${left[0]}`);
  return text;
}

async function compress(files: readonly Uint8Array<ArrayBuffer>[]): Promise<readonly Frame[]> {
  const pieces = files.flatMap((bytes, file) =>
    Array.from({ length: Math.ceil(bytes.length / PIECE_BYTES) }, (_, number) => {
      const to = number * PIECE_BYTES;
      return { file, to, piece: bytes.subarray(to, to + PIECE_BYTES) };
    })
  );
  const frames: Frame[] = [];
  const work = pieces.entries();
  const worker = async (): Promise<void> => {
    for (const [number, { file, to, piece }] of work) {
      frames[number] = { file, size: piece.length, to, compressed: await zstd(piece) };
    }
  };
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, worker));
  return frames;
}

/** One thread and the same level each time: then the output is the same, too. */
async function zstd(piece: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const child = new Deno.Command("zstd", {
    args: ["--quiet", "--stdout", "--check", "--single-thread", `-${LEVEL}`, `--stream-size=${piece.length}`],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const [{ success, stdout }] = await Promise.all([child.output(), new Response(piece).body?.pipeTo(child.stdin)]);
  if (!success) throw new Error("Cannot pack: zstd failed, as shown above.");
  return stdout;
}

/** Laid out as scripts/launcher/package.c has struct frame and struct trailer. */
function assemble(launcher: Uint8Array<ArrayBuffer>, frames: readonly Frame[], id: string): Uint8Array<ArrayBuffer> {
  const table = new DataView(new ArrayBuffer(frames.length * FRAME_BYTES + TRAILER_BYTES));
  let at = launcher.length;
  frames.forEach(({ file, size, to, compressed }, number) => {
    [file, size, to, at, compressed.length].forEach((value, field) =>
      table.setBigUint64(number * FRAME_BYTES + field * 8, BigInt(value), true)
    );
    at += compressed.length;
  });
  const trailer = frames.length * FRAME_BYTES;
  const bytes = new Uint8Array(table.buffer);
  if (id.length >= 48) throw new Error(`Cannot pack: ${id} is too long for a build's name.`);
  bytes.set(new TextEncoder().encode(id), trailer);
  table.setBigUint64(trailer + 48, BigInt(frames.length), true);
  table.setBigUint64(trailer + CHECKSUM_AT, fnv1a(bytes.subarray(0, trailer + CHECKSUM_AT)), true);
  bytes.set(new TextEncoder().encode("KTRIAGE1"), trailer + CHECKSUM_AT + 8);
  return joined([padded(joined([launcher, ...frames.map(({ compressed }) => compressed)])), bytes]);
}

function fnv1a(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n), 0xcbf29ce484222325n);
}

function sha256(...parts: readonly Uint8Array[]): string {
  return parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");
}

/** The table's numbers must lie at multiples of their size. */
function padded(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return joined([bytes, new Uint8Array(-bytes.length & 7)]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
