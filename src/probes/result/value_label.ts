/** Decoded structures in a few characters: what they are counted by, and what people see of them. */

/** The shape of an address: of `struct sockaddr`, and either end of a `struct sock`. */
interface Address {
  readonly family?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
  readonly path?: unknown;
}

/**
 * What tells one from another: the peer of a socket, the address that is connected to, a task's name and pid.
 *
 * @returns undefined for what is no category
 */
export function structureLabel(value: object): string | undefined {
  const known = value as Record<string, unknown>;
  if (isObject(known["remote"])) return addressText(known["remote"]);
  if ("family" in known) return addressText(known);
  if ("comm" in known && "pid" in known) return `${known["comm"]} (pid ${known["pid"]})`;
  if ("source" in known && "destination" in known) return `${known["source"]} to ${known["destination"]}`;
  return typeof known["operation"] === "string" ? known["operation"] : undefined;
}

/** `127.0.0.1:80`, `[::1]:80`, a path, or the family where that is all. */
export function addressText({ family, address, port, path }: Address): string | undefined {
  if (address !== undefined) return String(address).includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  if (path !== undefined) return String(path);
  return family === undefined ? undefined : String(family);
}

export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
