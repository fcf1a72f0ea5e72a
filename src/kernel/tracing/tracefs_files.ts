/** Files below tracefs, wherever it is mounted. */

/** Anything that knows where tracefs is. */
export interface TracefsRoot {
  /** A directory that holds `events/`. */
  readonly root: string;
}

/** @throws {Deno.errors.NotFound} this kernel does not have the file */
export function readTracefs({ root }: TracefsRoot, path: string): string {
  return Deno.readTextFileSync(`${root}/${path}`);
}

export function tracefsHas({ root }: TracefsRoot, path: string): boolean {
  try {
    Deno.statSync(`${root}/${path}`);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
