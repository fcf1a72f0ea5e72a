/** Addresses as bpf/include/inet.h hands them over. */
import { readIpv4, readIpv6 } from "../../kernel/read.ts";

/** struct endpoint. */
export const ENDPOINT = { address: 0, port: 16, family: 18, bytes: 24 } as const;
const AF_INET = 2;

export interface Endpoint {
  /** Undefined where none is known. An IPv4 address that an IPv6 socket has is shown as such: 192.0.2.1. */
  readonly address: string | undefined;
  readonly port: number;
}

export function endpointAt(view: DataView<ArrayBuffer>, at = 0): Endpoint {
  const family = view.getUint16(at + ENDPOINT.family, true), port = view.getUint16(at + ENDPOINT.port, true);
  if (family === 0) return { address: undefined, port };
  const address = family === AF_INET ? readIpv4(view, at) : readIpv6(view, at).replace(/^::ffff:(?=\d+\.)/, "");
  return { address, port };
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`. */
export function endpointText({ address = "?", port }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
