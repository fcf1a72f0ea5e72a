/** Paths below a directory that is `/` for somebody else. */

/** As the kernel's own limit, MAXSYMLINKS. */
const MAX_LINKS = 40;

/**
 * Follows symbolic links as a process with this root would: the kernel would take an absolute one from our own root.
 *
 * @param root without a slash at its end: `/proc/71/root`
 * @returns a path below the root, without links as far as it can be followed; it begins with a slash
 */
export function resolveBelow(root: string, path: string): string {
  const todo = path.split("/").reverse();
  let done: string[] = [];
  for (let links = 0; todo.length > 0;) {
    const name = todo.pop() ?? "";
    if (name === "" || name === ".") continue;
    if (name === "..") {
      done.pop();
      continue;
    }
    const target = links < MAX_LINKS ? linkAt(`${root}/${[...done, name].join("/")}`) : undefined;
    if (target === undefined) {
      done.push(name);
      continue;
    }
    links++;
    if (target.startsWith("/")) done = [];
    todo.push(...target.split("/").reverse());
  }
  return `/${done.join("/")}`;
}

function linkAt(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined; // no link, or nothing: whoever opens it will see
  }
}
