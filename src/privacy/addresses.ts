/** Addresses in a text: IPv4, IPv6 and MAC, and IPv4 as /proc/net writes it. */
import type { Span } from "./span.ts";

const IPV4 = /(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)/g;
const IPV6 = /(?<![\w:.])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?:(?<=:)(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])/g;
const MAC = /(?<![\w:-])[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}(?![\w:-])/g;
/** `0100007F:1538` of /proc/net/tcp: the bytes of the address in the host's order, little endian on both architectures. */
const PROC_NET = /(?<![\w:])([0-9A-F]{8})(?=:[0-9A-F]{4}(?![\w:]))/g;

/** Addresses that say nothing of a network: loopback, any, broadcast, netmasks. */
const COMMON_IPV4 = /^(?:127\.|0\.|255\.)/;

/** Every address in a text but those that every host has. */
export function findAddresses(text: string): readonly Span[] {
  const spans: Span[] = [];
  const add = (start: number, written: string, value: string): void => {
    spans.push({ start, end: start + written.length, kind: "address", value });
  };
  for (const { 0: written, index } of text.matchAll(IPV4)) {
    if (!COMMON_IPV4.test(written)) add(index, written, written);
  }
  if (text.includes(":")) {
    for (const { 0: written, index } of text.matchAll(IPV6)) {
      if (isIpv6(written)) add(index, written, written.toLowerCase());
    }
  }
  for (const { 0: written, index } of text.matchAll(MAC)) {
    if (!/^(?:00.){5}00$|^(?:ff.){5}ff$/i.test(written)) add(index, written, written.toLowerCase());
  }
  for (const { 0: written, index } of text.matchAll(PROC_NET)) {
    const value = [6, 4, 2, 0].map((at) => parseInt(written.slice(at, at + 2), 16)).join(".");
    if (!COMMON_IPV4.test(value)) add(index, written, value);
  }
  return spans;
}

function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => half === "" ? [] : half.split(":"));
  if (groups.some((group) => group === "")) return false;
  const count = groups.length + (text.includes(".") ? 1 : 0);
  if (halves.length === 1) return count === 8;
  // "::", "::1" and prefixes such as "::/0" name no one; "1::" alone is more often a part of something else
  return count <= 7 && groups.length >= 2;
}
