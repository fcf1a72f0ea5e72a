/** The whole program on a pseudo-terminal, which script(1) makes. */
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Much longer than anything takes that a test waits for. */
const PATIENCE_MS = 30_000;

export interface TerminalOptions {
  /** Added to an environment without NANNYAPI_* and without colours. */
  readonly env?: Readonly<Record<string, string>>;
  /** A shell line in which `"$@"` is ktriage with its arguments; only that by default. */
  readonly line?: string;
}

/** `ktriage` on a terminal, with a person who reads and types. */
export interface OnTerminal extends AsyncDisposable {
  /** All that the terminal has shown so far, as it came, echoes included. */
  shown(): string;
  /** Settles once the terminal has shown this behind what was waited for before; rejects when the program ends first, or shows nothing like it. */
  said(text: string | RegExp): Promise<void>;
  /** Types text as it is: a line ends in `\n`, Ctrl-C is `\x03`, Ctrl-D is `\x04`. */
  type(text: string): Promise<void>;
  /** Closes the terminal, as who closes a window does. */
  hangUp(): void;
  /** The exit code of the program. */
  readonly finished: Promise<number>;
}

/** Starts `ktriage` on a terminal of 100 columns. */
export function onTerminal(args: readonly string[], options: TerminalOptions = {}): OnTerminal {
  const own = [Deno.execPath(), "run", "-A", "--no-check", MAIN, ...args].map(quoted).join(" ");
  const line = `set -- ${own}; stty cols 100; ${options.line ?? 'exec "$@"'}`;
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("NANNYAPI_"));
  const child = new Deno.Command("script", {
    args: ["-qec", line, "/dev/null"],
    clearEnv: true,
    env: { ...Object.fromEntries(inherited), SHELL: "/bin/sh", TERM: "xterm", NO_COLOR: "1", ...options.env },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const typing = child.stdin.getWriter();
  let shown = "";
  let seen = 0;
  let ended = false;
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((look) => look());
  const gathered = (async (): Promise<void> => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      shown += text.replaceAll("\r\n", "\n");
      wake();
    }
  })();
  const finished = gathered.then(async () => {
    const { code } = await child.status;
    ended = true;
    wake();
    return code;
  });
  return {
    shown: () => shown,
    finished,
    hangUp: () => child.kill("SIGKILL"),
    type: (text) => typing.write(new TextEncoder().encode(text)),
    said: (text) => said(text),
    async [Symbol.asyncDispose](): Promise<void> {
      // its terminal goes with it, and whoever still runs there is hung up
      if (!ended) child.kill("SIGKILL");
      await typing.close().catch(() => undefined);
      await finished;
    },
  };

  async function said(text: string | RegExp): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      const rest = shown.slice(seen);
      const match = typeof text === "string" ? matchOf(rest, text) : text.exec(rest);
      if (match !== null) {
        seen += match.index + match[0].length;
        resolve();
      } else if (ended) reject(new Error(`ended without showing ${text}:\n${shown}`));
    };
    const timer = setTimeout(() => reject(new Error(`has not shown ${text}:\n${shown.slice(seen)}`)), PATIENCE_MS);
    waiting.add(look);
    look();
    await promise.finally(() => {
      waiting.delete(look);
      clearTimeout(timer);
    });
  }
}

function matchOf(text: string, part: string): { readonly index: number; readonly 0: string } | null {
  const index = text.indexOf(part);
  return index < 0 ? null : { index, 0: part };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
