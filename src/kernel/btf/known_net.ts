/** Sockets and packets as people talk about them. */
import { PACKET_SLOT_BYTES, type Slot } from "../capture.ts";
import { TCP_STATES } from "../kernel_constants.ts";
import { readIpv4, readIpv6, readSocketAddress } from "../read.ts";
import { ADDRESS_FAMILIES, ETHER_TYPES, IP_PROTOCOLS } from "../tracing/symbols.ts";
import { follow, pointee, readAt, readPlace, type TypedPlace } from "./place.ts";
import type { Decode, Get, ReadList, Slots } from "./read_list.ts";
import { scalarGet } from "./scalars.ts";

const AF_INET = 2, AF_INET6 = 10;
/** Their structs end behind sock_common: struct inet_timewait_sock, struct request_sock. */
const SMALL_SOCKETS: ReadonlySet<unknown> = new Set([
  TCP_STATES.indexOf("TIME_WAIT"),
  TCP_STATES.indexOf("NEW_SYN_RECV"),
]);
const SOCKADDR_BYTES = 28;
/** By number; the first has no name. */
const STATES: readonly (string | undefined)[] = TCP_STATES.map((name) => name === "" ? undefined : `TCP_${name}`);

/** `struct sock` or `struct sock_common`: who talks to whom, in what state. */
export function sockGet(sock: TypedPlace, list: ReadList): Get | undefined {
  const common = follow(sock, "__sk_common") ?? sock;
  const at = (chain: string): TypedPlace | undefined => follow(common, chain);
  const number = (chain: string): Get | undefined => placeGet(at(chain), list);
  const bytes = (chain: string, length: number, decode: Decode): Get | undefined => {
    const place = at(chain);
    return place && readPlace(place, list, { bytes: length, decode });
  };
  const family = number("skc_family"), state = number("skc_state");
  if (family === undefined) return undefined;
  const local = {
    [AF_INET]: bytes("skc_rcv_saddr", 4, readIpv4),
    [AF_INET6]: bytes("skc_v6_rcv_saddr", 16, readIpv6),
    port: number("skc_num"),
  };
  const remote = {
    [AF_INET]: bytes("skc_daddr", 4, readIpv4),
    [AF_INET6]: bytes("skc_v6_daddr", 16, readIpv6),
    port: number("skc_dport"),
  };
  const protocol = placeGet(follow(sock, "sk_protocol"), list);
  const netns = number("skc_net.net.ns.inum");
  return (slots) => {
    const family_value = family(slots), state_value = state?.(slots);
    if (family_value === undefined) return undefined;
    const is_whole = !SMALL_SOCKETS.has(state_value);
    const shown: Shown = {};
    put(shown, "family", nameIn(ADDRESS_FAMILIES, family_value));
    put(shown, "protocol", is_whole ? nameIn(IP_PROTOCOLS, protocol?.(slots)) : "IPPROTO_TCP");
    put(shown, "local", endpoint(local, family_value, slots));
    put(shown, "remote", endpoint(remote, family_value, slots));
    put(shown, "state", STATES[Number(state_value)] ?? state_value);
    put(shown, "netns", netns?.(slots));
    return shown;
  };
}

interface Endpoint {
  readonly [AF_INET]: Get | undefined;
  readonly [AF_INET6]: Get | undefined;
  readonly port: Get | undefined;
}

function endpoint(of: Endpoint, family: unknown, slots: Slots): Shown | undefined {
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const shown: Shown = {};
  put(shown, "address", of[family]?.(slots));
  put(shown, "port", of.port?.(slots));
  return shown;
}

/** `struct socket`: its `struct sock`. */
export function socketGet(socket: TypedPlace, list: ReadList): Get | undefined {
  const pointer = follow(socket, "sk");
  const sock = pointer && pointee(pointer);
  return sock && sockGet(sock, list);
}

/** `struct sk_buff`: what the packet is, by its network header where that is already known. */
export function packetGet(skb: TypedPlace, list: ReadList): Get | undefined {
  if (skb.where.kind !== "memory") return undefined;
  const length = placeGet(follow(skb, "len"), list);
  const protocol = placeGet(follow(skb, "protocol"), list);
  const header = list.whole(
    readAt(skb, { path: skb.where.path, kind: "packet", bytes: PACKET_SLOT_BYTES }),
    networkHeader,
  );
  return (slots) => {
    const length_bytes = length?.(slots);
    if (length_bytes === undefined) return undefined;
    const type = protocol?.(slots);
    const found = header(slots) as NetworkHeader | undefined;
    const is_header = found !== undefined && (type === 0 || type === found.type);
    const shown: Shown = {};
    put(shown, "protocol", nameIn(ETHER_TYPES, is_header ? found.type : type));
    put(shown, "length", length_bytes);
    if (!is_header) return shown;
    put(shown, "source", found.source);
    put(shown, "destination", found.destination);
    put(shown, "transport", found.transport);
    return shown;
  };
}

interface NetworkHeader {
  /** As in skb->protocol. */
  readonly type: number;
  readonly source: string;
  readonly destination: string;
  readonly transport: unknown;
}

/** IPv4 (RFC 791) or IPv6 (RFC 8200); undefined where it is neither, as before the header is written. */
function networkHeader({ view, at }: Slot): NetworkHeader | undefined {
  const version = view.getUint8(at) >> 4;
  if (version === 4) {
    const transport = nameIn(IP_PROTOCOLS, view.getUint8(at + 9));
    return { type: 0x0800, source: readIpv4(view, at + 12), destination: readIpv4(view, at + 16), transport };
  }
  if (version === 6) {
    const transport = nameIn(IP_PROTOCOLS, view.getUint8(at + 6));
    return { type: 0x86dd, source: readIpv6(view, at + 8), destination: readIpv6(view, at + 24), transport };
  }
  return undefined;
}

/** `struct sockaddr` in the kernel's memory. */
export function socketAddressGet(place: TypedPlace, list: ReadList): Get | undefined {
  if (place.where.kind !== "memory") return undefined;
  const familyName = (family: number): string => `${nameIn(ADDRESS_FAMILIES, family)}`;
  return readPlace(place, list, {
    bytes: SOCKADDR_BYTES,
    decode: (view, at) => readSocketAddress(view, at, SOCKADDR_BYTES, familyName),
  });
}

function placeGet(place: TypedPlace | undefined, list: ReadList): Get | undefined {
  return place && scalarGet(place, list);
}

function nameIn(names: ReadonlyMap<number, string>, value: unknown): unknown {
  return names.get(Number(value)) ?? value;
}

type Shown = Record<string, unknown>;

/** An event's objects are made one by one: taking undefined ones out of a whole object takes three times as long. */
function put(shown: Shown, name: string, value: unknown): void {
  if (value !== undefined) shown[name] = value;
}
