/** Text that comes from a file, or from standard input for `-`. */
import { CliError } from "./errors.ts";

export interface InputOptions {
  /** What the text is, for error messages, for example `the request`. */
  readonly what: string;
  /** More than this is a mistake rather than a document. */
  readonly max_bytes: number;
}

/**
 * Reads a file, or standard input where the path is `-`.
 *
 * @throws {CliError} it cannot be read, is too large, or is not UTF-8
 */
export async function readInput(path: string, options: InputOptions): Promise<string> {
  const name = inputName(path);
  const bytes = await readBytes(path, options);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CliError(`Cannot read ${options.what} from ${name}: it is not UTF-8 text.`);
  }
}

/** What people call the input. */
export function inputName(path: string): string {
  return path === "-" ? "standard input" : path;
}

async function readBytes(path: string, { what, max_bytes }: InputOptions): Promise<Uint8Array> {
  const name = inputName(path);
  try {
    using file = path === "-" ? undefined : await Deno.open(path);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (const source = file ?? Deno.stdin;;) {
      const chunk = new Uint8Array(64 << 10);
      const n = await source.read(chunk);
      if (n === null) return joined(chunks, length);
      chunks.push(chunk.subarray(0, n));
      length += n;
      if (length > max_bytes) throw new CliError(`Cannot use ${name} as ${what}: it has more than ${max_bytes} bytes.`);
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`Cannot read ${what} from ${name}: ${reasonOf(error)}.`, hintFor(error), { cause: error });
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "this user may not read it";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  return error instanceof Error ? error.message : String(error);
}

function hintFor(error: unknown): string | undefined {
  if (error instanceof Deno.errors.NotFound) return "Check the path; - reads standard input.";
  if (error instanceof Deno.errors.PermissionDenied) return "Run as a user who may read it, or pipe it in and use -.";
  return undefined;
}
