/** A writer whose streams are kept in memory. */
import { type Stream, Writer } from "../../src/cli/writer.ts";

export interface KeptStream extends Stream {
  text(): string;
}

export interface KeptOptions {
  readonly terminal?: boolean;
  /** Bytes that one write takes at most. */
  readonly piece?: number;
  /** Thrown by the write with this number, counted from 0. */
  readonly failures?: Readonly<Record<number, Error>>;
}

/** A stream that keeps what is written. */
export function keptStream({ terminal = false, piece = Infinity, failures = {} }: KeptOptions = {}): KeptStream {
  const bytes: number[] = [];
  let writes = 0;
  return {
    isTerminal: () => terminal,
    text: () => new TextDecoder().decode(Uint8Array.from(bytes)),
    writeSync(chunk): number {
      const failure = failures[writes++];
      if (failure) throw failure;
      const part = chunk.subarray(0, Math.min(piece, chunk.length));
      for (const byte of part) bytes.push(byte); // as arguments, so many would overflow the stack
      return part.length;
    },
  };
}

/** A writer to kept streams. */
export function keptWriter(
  { stdout = keptStream(), stderr = keptStream(), env = {}, columns = 80 }: {
    stdout?: KeptStream;
    stderr?: KeptStream;
    env?: Readonly<Record<string, string>>;
    columns?: number;
  } = {},
): { readonly writer: Writer; readonly stdout: KeptStream; readonly stderr: KeptStream } {
  return { writer: new Writer({ stdout, stderr, env: (name) => env[name], columns: () => columns }), stdout, stderr };
}
