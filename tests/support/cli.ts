/** The whole program as a process. */
import { fileURLToPath } from "node:url";
import { WITH_TRACEFS } from "./private_mounts.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** May read every file, for Deno and its cache may lie in root's home, and nothing else but what is named. */
function asNobodyWith(capabilities: readonly string[]): string[] {
  const sets = ["-all", "+dac_read_search", ...capabilities.map((name) => `+${name}`)].join(",");
  const options = ["inh-caps", "ambient-caps", "bounding-set"].map((name) => `--${name}=${sets}`);
  return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...options];
}

export interface CliOptions {
  readonly stdin?: string;
  /** Added to an environment without NANNYAPI_*. */
  readonly env?: Readonly<Record<string, string>>;
  /** As a user who is not root and may not trace. */
  readonly unprivileged?: boolean;
  /** As such a user with these capabilities, as setpriv(1) names them. */
  readonly capabilities?: readonly string[];
  readonly cwd?: string;
  /** A file to run, for example the package. Default: from source, without the bounds that V8 is started with. */
  readonly program?: string;
  /** The start of a command line that it runs behind, for example with mounts of its own. */
  readonly behind?: readonly string[];
}

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running `ktriage`. */
export interface RunningCli {
  readonly pid: number;
  readonly finished: Promise<CliResult>;
  /** Settles once standard error holds the text; rejects when the program ends before. */
  said(text: string): Promise<void>;
  /** Reads standard output no longer, as `| head` does. */
  closeOutput(): Promise<void>;
  kill(signal: Deno.Signal): void;
}

/** Runs `ktriage` to its end. */
export function ktriage(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startKtriage(args, options).finished;
}

/** Starts `ktriage`. */
export function startKtriage(args: readonly string[], options: CliOptions = {}): RunningCli {
  const child = spawn(args, options);
  const output = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  const readers = { stdout: child.stdout.getReader(), stderr: child.stderr.getReader() };
  const gather = async (name: "stdout" | "stderr"): Promise<void> => {
    const decoder = new TextDecoder();
    for (let read = await readers[name].read(); !read.done; read = await readers[name].read()) {
      output[name] += decoder.decode(read.value, { stream: true });
      waiting.forEach((look) => look());
    }
  };
  const gathered = Promise.all([gather("stdout"), gather("stderr"), feed(child, options.stdin)]);
  const finished = gathered.then(async () => ({ code: (await child.status).code, ...output }));
  const closeOutput = (): Promise<void> => readers.stdout.cancel();
  return { pid: child.pid, finished, said, closeOutput, kill: (signal) => child.kill(signal) };

  async function said(text: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (output.stderr.includes(text)) resolve();
    };
    waiting.add(look);
    look();
    const ended = finished.then(() => {
      if (!output.stderr.includes(text)) throw new Error(`ended without saying "${text}":\n${output.stderr}`);
    });
    await Promise.race([promise, ended]).finally(() => waiting.delete(look));
  }
}

function spawn(args: readonly string[], options: CliOptions): Deno.ChildProcess {
  const { env, unprivileged = options.capabilities !== undefined, capabilities = [], cwd, behind = [] } = options;
  const source = [Deno.execPath(), "run", "-A", "--no-check", MAIN];
  const own = [...(options.program === undefined ? source : [options.program]), ...args];
  const user = unprivileged ? asNobodyWith(capabilities) : [];
  const mounts = options.capabilities === undefined ? [] : WITH_TRACEFS;
  const [program = "", ...argv] = [...behind, ...mounts, ...user, ...own];
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("NANNYAPI_"));
  return new Deno.Command(program, {
    args: argv,
    clearEnv: true,
    env: {
      ...Object.fromEntries(inherited),
      DENO_NO_UPDATE_CHECK: "1",
      ...(unprivileged ? { DENO_DIR: readableCache() } : {}),
      ...env,
    },
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

let cache: string | undefined;

/** Deno's cache of npm packages where every user may read and write it: root's own usually lies in root's home. */
function readableCache(): string {
  if (cache !== undefined) return cache;
  const { npmCache } = JSON.parse(output(Deno.execPath(), "info", "--json")) as { npmCache: string };
  const folder = cache = Deno.makeTempDirSync({ prefix: "ktriage-cache-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  output("cp", "-r", npmCache, `${folder}/npm`);
  output("chmod", "-R", "a+rwX", folder);
  return folder;
}

function output(program: string, ...args: readonly string[]): string {
  const { success, stdout, stderr } = new Deno.Command(program, { args: [...args] }).outputSync();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

async function feed(child: Deno.ChildProcess, text = ""): Promise<void> {
  try {
    await new Response(text).body?.pipeTo(child.stdin);
  } catch {
    // The program ended without reading it all: its exit code and words are what a test looks at.
  }
}
