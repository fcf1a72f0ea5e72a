/** The offline package (scripts/compile): stock Deno, and ktriage's scripts in one file that a loader reads. */

/** Set by the package's loader. */
export const PACKAGED = Symbol.for("ktriage.packaged");

/** Whether this process was started from the offline package. */
export function isPackaged(): boolean {
  return PACKAGED in globalThis;
}
