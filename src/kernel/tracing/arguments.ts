/** What the pointers among a system call's arguments point to, when the call is entered. */
import type { Field } from "./format.ts";

export type Argument =
  /** Text that ends in a zero byte, in the caller's memory. */
  | { readonly kind: "user_string" }
  /** A struct sockaddr in the caller's memory; `length_field` is the argument that holds its bytes. */
  | { readonly kind: "sockaddr"; readonly length_field: string }
  /** An array of pointers to texts, ended by a null pointer. */
  | { readonly kind: "argv" }
  /** A value, or memory that says nothing yet, has no known shape, or may hold secrets. */
  | { readonly kind: "none" };

const NONE: Argument = { kind: "none" };

/** `char *` that are buffers: of a length given elsewhere, or filled by the kernel only later. */
const BUFFERS: ReadonlySet<string> = new Set([
  "buf",
  "ubuf",
  "u_msg_ptr",
  "value",
  "list",
  "optval",
  "shmaddr",
]);

/** Whether a `char *` of this name is a buffer: what is in there is no name, and may be a secret. */
export function isBuffer(name: string): boolean {
  return BUFFERS.has(name) || /buf|data|payload|passw|secret/.test(name);
}

/** By `<call>.<argument>`: text without a zero byte at its end, and what may be a secret. */
const NOT_TEXT: ReadonlySet<string> = new Set([
  "sethostname.name",
  "setdomainname.name",
  "request_key._callout_info",
]);

/** Calls that bring an address. accept, getsockname, getpeername and recvfrom only bring room for one. */
const ADDRESS_LENGTHS: Readonly<Record<string, string>> = {
  "connect.uservaddr": "addrlen",
  "bind.umyaddr": "addrlen",
  "sendto.addr": "addr_len",
};

/**
 * Says how to read an argument of a `sys_enter_*` event. The environment of execve and the data of mount are `none`:
 * passwords stand there.
 *
 * @param event the event's name, such as `sys_enter_openat`; for any other event the answer is `none`
 */
export function syscallArgument(event: string, field: Field): Argument {
  if (!event.startsWith("sys_enter_") || field.kind !== "pointer") return NONE;
  const name = `${event.slice("sys_enter_".length)}.${field.name}`;
  const target = field.type.replace(/\bconst\b|\b__user\b/g, "").replace(/\s+/g, "");
  if (target === "structsockaddr*") {
    const length_field = ADDRESS_LENGTHS[name];
    return length_field === undefined ? NONE : { kind: "sockaddr", length_field };
  }
  if (target === "char**") return field.name === "argv" ? { kind: "argv" } : NONE;
  const isText = target === "char*" && !isBuffer(field.name) && !NOT_TEXT.has(name);
  return isText ? { kind: "user_string" } : NONE;
}
