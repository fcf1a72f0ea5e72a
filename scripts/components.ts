/**
 * Gathers what is inside of ktriage, with versions, hashes and the texts of licences, for `ktriage licenses` and the SBOM:
 * npm packages from the module graph and the lock file, linked libraries from what their builds recorded
 * (scripts/parts.sh), Deno from itself. A component without the text of its licence ends the build.
 *
 *     deno run -A scripts/components.ts OUT [--build FOLDER] [--launcher FOLDER] [--deno FILE] [--deno-version V] [--denort]
 *
 * --build (default build) has bpf/, libbpf.so and parts/; --launcher has the parts of the package's launcher. FILE is the
 * Deno that the package carries, V its version where it is for another machine; with --denort its denort is carried instead.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { VERSION } from "../src/cli/version.ts";
import { type Component, type Licenses, licenses } from "../src/protocol/licenses.ts";

const ROOT = decodeURIComponent(new URL("..", import.meta.url).pathname); // a path with blanks has them as such
const TEXTS = `${ROOT}scripts/licenses`;

/** What a recorded part does not say of itself. */
interface Known extends Pick<Component, "license" | "chosen" | "source" | "part_of" | "note"> {
  readonly purl: (version: string) => string;
  /** What the recorded hash is of. */
  readonly hashed: string;
  /** Texts that the recorded notices only name. */
  readonly common?: readonly string[];
}

const generic = (name: string) => (version: string): string => `pkg:generic/${name}@${version}`;
const debian = (name: string) => (version: string): string =>
  `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=source`;

const PARTS: Readonly<Record<string, Known>> = {
  libbpf: {
    license: "LGPL-2.1-only OR BSD-2-Clause",
    chosen: "BSD-2-Clause",
    source: "https://github.com/libbpf/libbpf",
    purl: generic("libbpf"),
    hashed: "the source archive",
  },
  libelf: {
    license: "LGPL-3.0-or-later OR GPL-2.0-or-later",
    chosen: "LGPL-3.0-or-later",
    source: "https://sourceware.org/elfutils/",
    part_of: "libbpf",
    purl: generic("elfutils"),
    hashed: "the source archive",
  },
  zlib: {
    license: "Zlib",
    source: "https://zlib.net/",
    part_of: "libbpf",
    purl: debian("zlib"),
    hashed: "libz.a",
  },
  libgcc: {
    license: "GPL-3.0-or-later WITH GCC-exception-3.1",
    source: "https://gcc.gnu.org/",
    purl: (version) => debian(`gcc-${version.split(".")[0]}`)(version),
    hashed: "libgcc.a",
    note: "The start files of GCC are in everything that is linked, as are those of glibc (crt1.o, crti.o, crtn.o).",
    common: ["GPL-3"],
  },
  zstd: {
    license: "BSD-3-Clause OR GPL-2.0-only",
    chosen: "BSD-3-Clause",
    source: "https://github.com/facebook/zstd",
    part_of: "launcher",
    purl: debian("libzstd"),
    hashed: "libzstd.a",
  },
  glibc: {
    license: "LGPL-2.1-or-later",
    source: "https://sourceware.org/glibc/",
    part_of: "launcher",
    purl: debian("glibc"),
    hashed: "libc.a",
    common: ["LGPL-2.1"],
  },
};

const LAUNCHER: Component = {
  name: "launcher",
  version: VERSION,
  kind: "application",
  license: "Apache-2.0",
  purl: `pkg:generic/ktriage-launcher@${VERSION}`,
  hashes: [],
  note: "what unpacks the package and starts Deno; its source is in scripts/launcher/",
  texts: ["Apache-2.0"],
};

type Texts = Record<string, string>;

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      build: { type: "string" },
      launcher: { type: "string" },
      deno: { type: "string" },
      "deno-version": { type: "string" },
      denort: { type: "boolean" },
    },
  });
  const [out] = positionals;
  if (out === undefined) throw new Error("Usage: scripts/components.ts OUT [--build FOLDER] [--deno FILE …]");
  const build = values.build ?? `${ROOT}build`;
  const document = await gather({ ...values, build, deno_version: values["deno-version"] });
  Deno.writeTextFileSync(`${out}.new`, `${JSON.stringify(document, null, 1)}\n`);
  Deno.renameSync(`${out}.new`, out);
}

interface Sources {
  readonly build: string;
  readonly launcher?: string | undefined;
  readonly deno?: string | undefined;
  readonly deno_version?: string | undefined;
  readonly denort?: boolean | undefined;
}

/** @throws {Error} a component that is not known, or has no text of its licence */
async function gather(sources: Sources): Promise<Licenses> {
  const texts: Texts = {};
  const { build, launcher } = sources;
  const components = [
    ...own(build, texts),
    ...await packages(texts),
    ...parts(`${build}/parts`, texts),
    ...launcher === undefined ? [] : [LAUNCHER, ...parts(launcher, texts)],
    ...runtime(sources, texts),
  ];
  for (const { name, hashes } of components) if (name === "libbpf") hashes.push(file(`${build}/libbpf.so`));
  return licenses.parse({ schema: "ktriage.licenses/1", components, texts });
}

function own(build: string, texts: Texts): Component[] {
  texts["Apache-2.0"] = Deno.readTextFileSync(`${ROOT}LICENSE`);
  texts["BSD-2-Clause of bpf/"] = Deno.readTextFileSync(`${TEXTS}/bpf-BSD-2-Clause.txt`);
  texts["GPL-2.0"] = common("GPL-2");
  const objects = namesIn(`${build}/bpf`).filter((name) => name.endsWith(".bpf.o"));
  return [{
    name: "ktriage",
    version: VERSION,
    kind: "application",
    license: "Apache-2.0",
    purl: `pkg:generic/ktriage@${VERSION}`,
    hashes: [],
    texts: ["Apache-2.0"],
  }, {
    name: "ktriage-bpf",
    version: VERSION,
    kind: "library",
    license: "GPL-2.0-only OR BSD-2-Clause",
    purl: `pkg:generic/ktriage-bpf@${VERSION}`,
    hashes: objects.map((name) => file(`${build}/bpf/${name}`)),
    note: "the eBPF programs; their source is in bpf/",
    texts: ["GPL-2.0", "BSD-2-Clause of bpf/"],
  }];
}

interface Graph {
  readonly npmPackages: Readonly<Record<string, { name: string; version: string; localPath: string }>>;
}

/** Every package that a module of ktriage imports, itself or through others. */
async function packages(texts: Texts): Promise<Component[]> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--frozen", `${ROOT}main.ts`],
    cwd: ROOT,
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("Cannot list the npm packages: deno info failed as shown above.");
  const { npmPackages } = JSON.parse(new TextDecoder().decode(stdout)) as Graph;
  const lock = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.lock`)) as { npm: Record<string, { integrity: string }> };
  return Object.entries(npmPackages).sort(([a], [b]) => a < b ? -1 : 1).map(([id, { name, version, localPath }]) => {
    const { license, repository } = JSON.parse(Deno.readTextFileSync(`${localPath}/package.json`));
    const [, digest] = /^sha512-(.+)$/.exec(lock.npm[id]?.integrity ?? "") ?? [];
    if (typeof license !== "string" || digest === undefined) {
      throw new Error(`Cannot tell about npm:${id}: its package.json has no license, or deno.lock no SHA-512 of it.`);
    }
    texts[`npm:${id}`] = textOfPackage(name, localPath);
    return {
      name,
      version,
      kind: "library",
      license,
      purl: `pkg:npm/${name.replace(/^@/, "%40")}@${version}`,
      source: String(repository?.url ?? repository).replace(/^git\+|\.git$/g, ""),
      hashes: [{ algorithm: "SHA-512", content: hex(digest), of: "the package", what: "itself" }],
      texts: [`npm:${id}`],
    };
  });
}

function textOfPackage(name: string, folder: string): string {
  const found = namesIn(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  if (found.length > 0) return found.map((file) => Deno.readTextFileSync(`${folder}/${file}`)).join("\n");
  const kept = `${TEXTS}/npm/${name}.txt`;
  return read(kept, `npm:${name} has no file with its licence: write what is known of it to ${kept}.`);
}

/** What a build has recorded with scripts/parts.sh. */
function parts(folder: string, texts: Texts): Component[] {
  return namesIn(folder).map((name) => {
    const known = PARTS[name];
    if (known === undefined) throw new Error(`Cannot tell about ${folder}/${name}: name it in scripts/components.ts.`);
    const { purl, hashed, common: named = [], ...rest } = known;
    const { version, sha256: content } = JSON.parse(Deno.readTextFileSync(`${folder}/${name}/part.json`));
    const notices = namesIn(`${folder}/${name}`).filter((file) => file !== "part.json");
    for (const file of notices) texts[`${name}: ${file}`] = Deno.readTextFileSync(`${folder}/${name}/${file}`);
    for (const file of named) texts[file] = common(file);
    return {
      name,
      version,
      kind: "library",
      ...rest,
      purl: purl(version),
      hashes: [{ algorithm: "SHA-256", content, of: hashed, what: hashed.endsWith(".a") ? "itself" : "source" }],
      texts: [...notices.map((file) => `${name}: ${file}`), ...named],
    };
  });
}

function runtime({ deno, deno_version, denort }: Sources, texts: Texts): Component[] {
  const version = deno_version ?? Deno.version.deno, v8 = versionOfV8(deno ?? Deno.execPath());
  texts["MIT of Deno"] = Deno.readTextFileSync(`${TEXTS}/deno.txt`);
  texts["BSD-3-Clause of V8"] = Deno.readTextFileSync(`${TEXTS}/v8.txt`);
  return [{
    name: "deno",
    version,
    kind: "platform",
    license: "MIT",
    purl: `pkg:github/denoland/deno@v${version}`,
    source: `https://github.com/denoland/deno/tree/v${version}`,
    hashes: deno === undefined || denort
      ? []
      : [{ algorithm: "SHA-256", content: sha256(deno), of: "the executable", what: "itself" }],
    note:
      "Its executable is used as its authors built it. It holds many more libraries, Rust crates and C, each under its " +
      "own licence; their notices are not part of Deno's release, so not of this file either. Cargo.lock in the source of " +
      "this version lists them.",
    texts: ["MIT of Deno"],
  }, {
    name: "v8",
    version: v8,
    kind: "library",
    part_of: "deno",
    license: "BSD-3-Clause",
    purl: `pkg:generic/v8@${encodeURIComponent(v8)}`,
    source: "https://v8.dev/",
    hashes: [],
    texts: ["BSD-3-Clause of V8"],
  }];
}

/** As the executable, which may be for another machine, tells it. */
function versionOfV8(deno: string): string {
  const mark = "-rusty", bytes = Buffer.from(Deno.readFileSync(deno).buffer);
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) {
    const [version] = /\d+(?:\.\d+){3}$/.exec(bytes.toString("latin1", at - 20, at)) ?? [];
    if (version !== undefined) return version;
  }
  throw new Error(`Cannot tell the version of V8: ${deno} does not hold it.`);
}

/** A licence that Debian keeps once for all of its packages. */
function common(name: string): string {
  return read(`/usr/share/common-licenses/${name}`, `it comes with Debian's base-files.`);
}

function read(path: string, hint: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw new Error(`Cannot read the licence ${path}: ${hint}`, { cause });
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** The hash of a file that was built of a component. */
function file(path: string): Component["hashes"][number] {
  return { algorithm: "SHA-256", content: sha256(path), of: path.slice(path.lastIndexOf("/") + 1), what: "file" };
}

function sha256(path: string): string {
  return createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
}

function hex(base64: string): string {
  return [...atob(base64)].map((character) => character.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}
