/** ktriage started again by itself, in a mode that no help names: the sandbox's helper, the worker of the self-test. */
import { exists } from "../exists.ts";
import { isPackaged } from "./packaged.ts";

/** Deno itself needs these. */
const PASSED = ["HOME", "PATH", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR", "KTRIAGE_PACK"];

export interface HiddenMode {
  /** First argument of ktriage, which `main.ts` knows. */
  readonly argument: string;
  /** Path below src/ of the module behind it, which does the same when it is the main module. */
  readonly module: string;
}

/** The process that this ktriage would be in a hidden mode; the caller starts and owns it. */
export function itselfIn(mode: HiddenMode): Deno.Command {
  // the file may have been replaced, or lie where this user cannot look
  const program = exists(Deno.execPath()) ? Deno.execPath() : "/proc/self/exe";
  return new Deno.Command(program, {
    args: argumentsOf(mode),
    cwd: "/",
    env: {
      ...Object.fromEntries(PASSED.flatMap((name) => {
        const value = Deno.env.get(name);
        return value === undefined ? [] : [[name, value]];
      })),
      DENO_NO_UPDATE_CHECK: "1",
    },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  });
}

/**
 * The file by which others start this ktriage: the one that was copied to the host, or the script of a clone.
 *
 * @throws {Error} it is run in a way that no other process could repeat
 */
export function ownProgram(): string {
  const copied = Deno.build.standalone ? Deno.execPath() : Deno.env.get("KTRIAGE_PROGRAM");
  if (copied !== undefined && copied !== "") return copied;
  const main = new URL(Deno.mainModule);
  const script = ["scripts/ktriage", "../../scripts/ktriage"]
    .map((path) => decodeURIComponent(new URL(path, main).pathname))
    .find(exists);
  if (main.protocol === "file:" && script !== undefined) return script;
  throw new Error("Cannot tell which file this ktriage was started from.");
}

/** The id of this process in the pid namespace that /proc shows, as events have it: not always the process's own. */
export function shownPid(): number {
  return Number(Deno.readLinkSync("/proc/self"));
}

function argumentsOf({ argument, module }: HiddenMode): string[] {
  if (Deno.build.standalone) return [argument];
  const run = ["run", "--quiet", "-A", "--no-config", "--no-lock", "--no-remote", "--no-npm", "--no-check"];
  if (isPackaged()) return [...run, "--no-code-cache", "--ext", "js", Deno.mainModule, argument];
  // from source, as tests run; in a bundle a module is part of some chunk, and only the main module has a name
  if (import.meta.url.endsWith(".ts")) return [...run, new URL(`../../${module}`, import.meta.url).href];
  return [...run, "--unstable-raw-imports", Deno.mainModule, argument];
}
