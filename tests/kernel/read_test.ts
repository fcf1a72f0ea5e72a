import assert from "node:assert/strict";
import {
  readHex,
  readInt64,
  readIpv4,
  readIpv6,
  readMac,
  readPointer,
  readSlots,
  readSocketAddress,
  readText,
  readUint64,
} from "../../src/kernel/read.ts";
import { cText, inet6Address, inetAddress, slots, unixAddress } from "../support/records.ts";

function viewOf(bytes: Iterable<number>): DataView<ArrayBuffer> {
  return new DataView(Uint8Array.from(bytes).buffer);
}

function wordOf(value: bigint): DataView<ArrayBuffer> {
  return new DataView(new BigUint64Array([BigInt.asUintN(64, value)]).buffer);
}

function addressOf(bytes: Uint8Array, length = bytes.length): unknown {
  return readSocketAddress(viewOf(bytes), 0, length, (family) => `family ${family}`);
}

const LOOPBACK = Uint8Array.from([...Array(15).fill(0), 1]);

Deno.test("readUint64() gives a Number while that is exact, and a bigint from 2^53 on", () => {
  assert.equal(readUint64(wordOf(0n), 0), 0);
  assert.equal(readUint64(wordOf(2n ** 53n - 1n), 0), Number.MAX_SAFE_INTEGER);
  assert.equal(readUint64(wordOf(2n ** 53n), 0), 2n ** 53n);
  assert.equal(readUint64(wordOf(2n ** 53n + 1n), 0), 2n ** 53n + 1n);
  assert.equal(readUint64(wordOf(-1n), 0), 2n ** 64n - 1n);
});

Deno.test("readInt64() keeps every digit of negative and of large numbers", () => {
  for (const value of [0n, -1n, -2n, -4095n, 2n ** 31n, -(2n ** 31n), 2n ** 53n - 1n, -(2n ** 53n) + 1n]) {
    assert.equal(readInt64(wordOf(value), 0), Number(value));
  }
  for (const value of [2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
    assert.equal(readInt64(wordOf(value), 0), value);
  }
});

Deno.test("readText() ends at the first zero byte or at its length, whichever comes first", () => {
  assert.equal(readText(viewOf(cText("worker")), 0, 7), "worker");
  assert.equal(readText(viewOf(cText("worker")), 0, 4), "work");
  assert.equal(readText(viewOf([0x61, 0, 0x62]), 0, 3), "a");
  assert.equal(readText(viewOf([0, 0x62]), 0, 2), "");
  assert.equal(readText(viewOf([]), 0, 0), "");
});

Deno.test("readText() reads UTF-8 and shows what is none as U+FFFD", () => {
  assert.equal(readText(viewOf(cText("größe-日本")), 0, 15), "größe-日本");
  assert.equal(readText(viewOf([0x61, 0xff, 0x62, 0]), 0, 4), "a\ufffdb");
  const cut = new TextEncoder().encode("日本").subarray(0, 4); // as the 15 bytes of a comm cut it
  assert.equal(readText(viewOf(cut), 0, 4), "日\ufffd");
});

Deno.test("readText() never throws and never reads on behind a zero byte, whatever the bytes", () => {
  const bytes = new Uint8Array(64);
  for (let round = 0; round < 2000; round++) {
    crypto.getRandomValues(bytes);
    const from = round % 32, length = round % 33;
    const text = readText(new DataView(bytes.buffer), from, length);
    const end = bytes.subarray(from, from + length).indexOf(0);
    const expected = bytes.subarray(from, end < 0 ? from + length : from + end);
    assert.equal(text, new TextDecoder("utf-8", { ignoreBOM: true }).decode(expected));
  }
});

Deno.test("readPointer(), readHex() and readMac() write bytes as people do", () => {
  assert.equal(readPointer(wordOf(0xffff_8880_1234_5678n), 0), "0xffff888012345678");
  assert.equal(readPointer(wordOf(0n), 0), "0x0");
  assert.equal(readHex(viewOf([0, 1, 0xab, 0xff]), 1, 3), "01abff");
  assert.equal(readHex(viewOf([1]), 0, 0), "");
  assert.equal(readMac(viewOf([0x52, 0x54, 0, 0x0a, 0xff, 1]), 0), "52:54:00:0a:ff:01");
});

Deno.test("readIpv6() writes addresses as RFC 5952 says", () => {
  const write = (text: string): string => {
    const groups = text.split(":").map((group) => parseInt(group, 16));
    return readIpv6(viewOf(groups.flatMap((group) => [group >> 8, group & 0xff])), 0);
  };
  assert.equal(write("0:0:0:0:0:0:0:0"), "::");
  assert.equal(write("0:0:0:0:0:0:0:1"), "::1");
  assert.equal(write("2001:db8:0:0:0:0:0:0"), "2001:db8::");
  assert.equal(write("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1"); // the first of equally long runs
  assert.equal(write("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1"); // the longest run
  assert.equal(write("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1"); // a single zero stays
  assert.equal(write("0:0:0:0:0:ffff:c000:201"), "::ffff:192.0.2.1");
  assert.equal(write("0:0:0:0:0:fffe:c000:201"), "::fffe:c000:201");
});

Deno.test("readIpv6() gives what a URL parser gives for the same address", () => {
  const bytes = new Uint8Array(16);
  for (let round = 0; round < 2000; round++) {
    crypto.getRandomValues(bytes);
    for (let group = 0; group < 8; group++) {
      if (((round * 2654435761) >>> group) & 1) bytes.fill(0, group * 2, group * 2 + 2);
    }
    const view = new DataView(bytes.buffer);
    const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(i * 2).toString(16)).join(":");
    assert.equal(`[${readIpv6(view, 0)}]`, new URL(`http://[${groups}]/`).hostname);
  }
});

Deno.test("readSocketAddress() takes IPv4 and IPv6 addresses apart", () => {
  assert.equal(readIpv4(viewOf([192, 0, 2, 255]), 0), "192.0.2.255");
  assert.deepEqual(addressOf(inetAddress([192, 0, 2, 1], 5432)), {
    family: "AF_INET",
    address: "192.0.2.1",
    port: 5432,
  });
  assert.deepEqual(addressOf(inet6Address(LOOPBACK, 65535)), { family: "AF_INET6", address: "::1", port: 65535 });
});

Deno.test("readSocketAddress() reads paths, abstract names and no name of unix sockets", () => {
  assert.deepEqual(addressOf(unixAddress("/run/db.sock\0\0")), { family: "AF_UNIX", path: "/run/db.sock" });
  assert.deepEqual(addressOf(unixAddress("/run/db.sock")), { family: "AF_UNIX", path: "/run/db.sock" });
  assert.deepEqual(addressOf(unixAddress("\0abstract")), { family: "AF_UNIX", path: "@abstract" });
  assert.deepEqual(addressOf(unixAddress("")), { family: "AF_UNIX", path: "" });
});

Deno.test("readSocketAddress() names families that it does not take apart", () => {
  assert.deepEqual(addressOf(Uint8Array.from([16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])), { family: "AF_NETLINK" });
  assert.deepEqual(addressOf(Uint8Array.from([17, 0, 1, 2])), { family: "family 17" });
  assert.deepEqual(addressOf(Uint8Array.from([0, 0])), { family: "family 0" });
});

Deno.test("readSocketAddress() makes up nothing for an address that is too short", () => {
  assert.deepEqual(addressOf(inetAddress([192, 0, 2, 1], 5432), 7), { family: "family 2" });
  assert.deepEqual(addressOf(inet6Address(LOOPBACK, 80), 23), { family: "family 10" });
  assert.deepEqual(addressOf(inetAddress([192, 0, 2, 1], 5432), 1), { family: "family 0" });
  assert.deepEqual(addressOf(new Uint8Array(), 0), { family: "family 0" });
});

Deno.test("readSlots() reads one string a slot, and says of a full one that it is cut", () => {
  const texts = ["sh", "", "two words", "x".repeat(126), "y".repeat(127)];
  const bytes = slots(...texts);
  assert.deepEqual(readSlots(viewOf(bytes), 0, bytes.length, 128), [
    "sh",
    "",
    "two words",
    "x".repeat(126),
    `${"y".repeat(127)}…`,
  ]);
  assert.deepEqual(readSlots(viewOf(bytes), 0, 0, 128), []);
});
