/**
 * The start of a command line whose rest runs with mounts of its own: what it mounts, nobody else sees.
 *
 * In a chroot the root is no mount, and its propagation cannot be set; there it must be private already.
 */
export const PRIVATE_MOUNTS: readonly string[] = [
  "unshare",
  "--mount",
  "--propagation",
  "unchanged",
  "sh",
  "-c",
  'mount --make-rprivate / 2>/dev/null || ! grep -q " shared:" /proc/self/mountinfo || exit 1; exec "$@"',
  "sh",
];
