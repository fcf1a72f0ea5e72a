/** The offline package: built once for all tests, and run like any program. */
const CHECKOUT = new URL("../../", import.meta.url).pathname;
const DIST = `${CHECKOUT}dist`;

const built = new Map<string, Promise<string>>();

/** @returns the path of the offline package, built when the tree is newer */
export function offlinePackage(arch: typeof Deno.build.arch = Deno.build.arch): Promise<string> {
  return built.getOrInsertComputed(arch, build);
}

async function build(arch: string): Promise<string> {
  await Deno.mkdir(DIST, { recursive: true });
  const line = `set -e; cd ${DIST}; tested=.tested-${arch}; file=$(ls ktriage-*-linux-${arch} 2>/dev/null | head -n 1)
    fresh() { [ -n "$file" ] && cmp -s $tested "$file.sha256" &&
      [ -z "$(find ../main.ts ../src ../prompts ../bpf ../scripts ../deno.json ../deno.lock -newer "$file" -print -quit)" ]; }
    fresh || { ../scripts/compile --flavour offline --target ${arch} >&2
      file=$(ls ktriage-*-linux-${arch}); cp "$file.sha256" $tested; }
    printf %s "$file"`;
  // two files of tests may want it at once
  const { success, stdout, stderr } = await new Deno.Command("flock", { args: [`${DIST}/.lock`, "sh", "-c", line] })
    .output();
  if (!success) throw new Error(`The package cannot be built:\n${new TextDecoder().decode(stderr)}`);
  return `${DIST}/${new TextDecoder().decode(stdout)}`;
}

export interface PackageOptions {
  /** The whole environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The start of a command line that it runs behind. */
  readonly behind?: readonly string[];
  readonly stdin?: string;
  /** Another file than the package, for example a copy of it. */
  readonly file?: string;
}

export interface Ended {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the package to its end. */
export async function runPackage(args: readonly string[], options: PackageOptions = {}): Promise<Ended> {
  const child = await startPackage(args, options);
  const fed = new Response(options.stdin ?? "").body?.pipeTo(child.stdin).catch(() => {});
  const [{ code, signal, stdout, stderr }] = await Promise.all([child.output(), fed]);
  const text = new TextDecoder();
  return { code, signal, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** Starts the package; the caller reads its streams. */
export async function startPackage(
  args: readonly string[],
  { env = {}, cwd, behind = [], file }: PackageOptions = {},
): Promise<Deno.ChildProcess> {
  const [program = "", ...rest] = [...behind, file ?? await offlinePackage(), ...args];
  return new Deno.Command(program, {
    args: rest,
    clearEnv: true,
    env: { ...env },
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}
