/** A command in each sandbox that this host has: it reads, and is kept from writing where permissions would let it. */
import { execute, type Execution } from "../commands/execute.ts";
import type { Layer } from "../commands/sandbox/plan.ts";
import { hostLayers, makeDirectory } from "../commands/sandbox/sandbox.ts";
import { exists } from "../kernel/exists.ts";
import { Absent, must } from "./fault.ts";
import type { Done, Part } from "./part.ts";

const SHELL = "/bin/sh";
const TEXT = "canary";
const TIMEOUT_MS = 10_000;
/** In words of the shell alone: not even cat(1) may be there. */
const LINE = 'read -r text < "$F"; echo "$text"; echo changed > "$F"; echo "wrote: $?"; echo new > "$D/new"';

interface Level {
  readonly id: string;
  /** Part of the level that commands then run at. */
  readonly layer: "landlock" | "broker" | "subtree";
  readonly without: readonly Layer[];
}

const LEVELS: readonly Level[] = [
  { id: "sandbox_landlock", layer: "landlock", without: [] },
  { id: "sandbox_broker", layer: "broker", without: ["landlock"] },
  { id: "sandbox_subtree", layer: "subtree", without: ["cgroup"] },
];

/** Parts that confine, in the order of the table. */
export function sandboxParts(): readonly Part<unknown>[] {
  return LEVELS.map((level) => ({ id: level.id, needs: ["sandbox"], run: () => confine(level) }));
}

async function confine({ layer, without }: Level): Promise<Done> {
  if (!exists(SHELL)) throw new Absent(`there is no ${SHELL}: no command can run`);
  const { landlock_abi, broker } = hostLayers();
  if (layer === "landlock" && landlock_abi === 0) {
    throw new Absent("this kernel has no Landlock, or was booted without it");
  }
  if (layer === "broker" && !broker) {
    throw new Absent("seccomp cannot ask another process here, which came with Linux 5.9");
  }
  using directory = new CanaryDirectory();
  const line = `D=${directory.path}; F=${directory.file}; ${LINE}`;
  const execution = await execute(line, { without, timeout_ms: TIMEOUT_MS });
  const { sandbox } = execution;
  if (!sandbox.split("+").includes(layer)) throw new Absent(`commands run at ${sandbox} here`);
  mustBeConfined(execution, directory);
  return { attached_as: sandbox, detail: "a command read a file and was kept from writing and making one" };
}

function mustBeConfined({ stdout, stderr, ended }: Execution, directory: CanaryDirectory): void {
  const said = `it said ${JSON.stringify((stdout.text + stderr.text).trim())}`;
  must(ended === undefined, () => `the command did not end within ${TIMEOUT_MS / 1000} s`);
  must(directory.isUntouched(), () => "the command has written where it must not");
  const [text, wrote] = stdout.text.split("\n");
  must(text === TEXT, () => `the command could not read a file; ${said}`);
  must(/^wrote: [1-9]/.test(wrote ?? ""), () => `the command was not told that it may not write; ${said}`);
}

/** A file in a folder where this user may write. */
class CanaryDirectory implements Disposable {
  readonly path = makeDirectory();
  readonly file = `${this.path}/canary`;

  constructor() {
    Deno.writeTextFileSync(this.file, `${TEXT}\n`);
  }

  isUntouched(): boolean {
    const names = [...Deno.readDirSync(this.path)];
    return names.length === 1 && Deno.readTextFileSync(this.file) === `${TEXT}\n`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
