/** Listening TCP sockets, as /proc/net/tcp and tcp6 show them. */
import { readIpv4, readIpv6 } from "../read.ts";

export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
  /** Connections that wait to be accepted: sk_ack_backlog (get_tcp4_sock() in net/ipv4/tcp_ipv4.c). */
  readonly waiting: number;
  /** As `/proc/PID/fd` names the socket. */
  readonly inode: number;
}

/** `sl: local:port remote:port st tx:rx tr:when retrnsmt uid timeout inode …`, all but the last three in hexadecimal. */
const LINE =
  /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 0A [0-9A-F]{8}:([0-9A-F]{8}) \S+ \S+\s+\d+\s+\d+ (\d+)/;

/**
 * @param text the file, or its beginning: the kernel lists listening sockets first (tcp_seek_last_pos()), and of a busy
 * host's hundred thousand lines the others are not worth reading. A last line that is cut is left out.
 */
export function parseListeners(text: string): readonly ListeningSocket[] {
  const listeners: ListeningSocket[] = [];
  const lines = text.split("\n");
  for (const line of lines.slice(1, -1)) {
    const [, address = "", port = "", waiting = "", inode = ""] = LINE.exec(line) ?? [];
    if (address === "") break;
    listeners.push({
      address: addressOf(address),
      port: Number.parseInt(port, 16),
      waiting: Number.parseInt(waiting, 16),
      inode: Number(inode),
    });
  }
  return listeners;
}

/** Words of four bytes in the host's order; ktriage runs on little-endian machines only. */
function addressOf(hex: string): string {
  const view = new DataView(new ArrayBuffer(16));
  for (let at = 0; at < hex.length; at += 8) view.setUint32(at / 2, Number.parseInt(hex.slice(at, at + 8), 16), true);
  return hex.length === 8 ? readIpv4(view, 0) : readIpv6(view, 0);
}
