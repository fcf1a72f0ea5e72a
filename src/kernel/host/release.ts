/** Kernel releases as `uname -r` names them. */

/** Whether a release is older than a version; false for one that does not look like a release. */
export function isBefore(release: string, [major, minor]: readonly [number, number]): boolean {
  const [, has_major, has_minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  if (has_major === undefined) return false;
  return Number(has_major) < major || Number(has_major) === major && Number(has_minor) < minor;
}
