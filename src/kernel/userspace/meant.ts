/** Targets that name no type: whether a function of a program may be meant. */
import { locate } from "./locate.ts";
import { parseUserTarget } from "./target.ts";

/** Whether a target or a pattern begins with a process, a path, a program or a library that this host has. */
export function namesUserFile(target: string): boolean {
  const file = parseUserTarget(target)?.file;
  if (file === undefined) return false;
  const location = locate(file, file.pid);
  return location.ok && location.files.some(({ path }) => isFile(path));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false; // not there, or not for us to see
  }
}
