/** Names from outside in a finding: on a page, and in a command that people paste into a shell. */

/** Without control characters: names of processes, files and mounts are what anybody chooses. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");
}

/** As one word of a shell. */
export function quoted(path: string): string {
  return /^[\w/.@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
