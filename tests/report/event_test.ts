import assert from "node:assert/strict";
import { parse } from "../../src/protocol/json.ts";
import type { TraceEvent } from "../../src/protocol/mod.ts";
import { eventJson, eventText } from "../../src/report/event.ts";

const EVENT: TraceEvent = {
  timestamp: 1_700_000_000_123_456_789n,
  process_id: 812,
  process_name: "nginx: worker",
  thread_id: 813,
  user_id: 33,
  event_type: "syscalls:sys_enter_connect",
  data: {
    fd: 3,
    uservaddr: { family: "AF_INET", address: "192.0.2.1", port: 5432 },
    ret: -111,
    error: "ECONNREFUSED",
  },
};

function withData(data: Record<string, unknown>): TraceEvent {
  return { ...EVENT, data };
}

/** The fields of a line, behind who and what. */
function fieldsText(data: Record<string, unknown>): string {
  return eventText(withData(data)).slice(eventText(withData({})).length + 1);
}

Deno.test("eventText() is a line that a person reads", () => {
  assert.equal(
    eventText(EVENT),
    "22:13:20.123456 nginx: worker/812      syscalls:sys_enter_connect " +
      "fd=3 uservaddr=192.0.2.1:5432 ret=-111 error=ECONNREFUSED",
  );
});

Deno.test("eventText() quotes what has spaces, and writes addresses as people do", () => {
  assert.equal(
    fieldsText({ a: "/etc/hosts", b: "two words", c: "", d: null, e: ["sh", "-c"], f: 2n ** 60n, g: true, h: "größe" }),
    `a=/etc/hosts b="two words" c="" d=null e=["sh","-c"] f=1152921504606846976 g=true h="größe"`,
  );
  assert.equal(
    fieldsText({
      a: { family: "AF_INET6", address: "::1", port: 80 },
      b: { family: "AF_UNIX", path: "/run/my db.sock" },
      c: { family: "AF_UNIX", path: "@abstract" },
      d: { family: "AF_NETLINK" },
    }),
    `a=[::1]:80 b=unix:"/run/my db.sock" c=unix:@abstract d=AF_NETLINK`,
  );
  const local = { address: "192.0.2.1", port: 40_000 }, remote = { address: "2001:db8::1", port: 5432 };
  assert.equal(
    fieldsText({
      sk: { family: "AF_INET6", protocol: "IPPROTO_TCP", local, remote, state: "TCP_SYN_SENT", netns: 1 },
      udp: { family: "AF_INET", local, remote: { address: "0.0.0.0", port: 0 } },
      p: { pid: 1, comm: "init" },
    }),
    `sk=192.0.2.1:40000→[2001:db8::1]:5432/TCP_SYN_SENT udp=192.0.2.1:40000→0.0.0.0:0 p={"pid":1,"comm":"init"}`,
  );
});

Deno.test("eventText() is one line without control characters, whatever processes call themselves and their files", () => {
  const evil = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code)).join("") + "\u{1f600}";
  const text = eventText({
    ...EVENT,
    process_name: evil,
    data: { a: evil, b: [evil], c: { family: "AF_UNIX", path: evil }, d: { deep: evil } },
  });
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  assert.doesNotMatch(text, /[\x00-\x1f\x7f-\x9f]/);
  assert.match(text, /\u{1f600}/u);
});

Deno.test("eventJson() is one line of JSON with every digit of every number", () => {
  const event = withData({
    fd: -1,
    cookie: 2n ** 64n - 1n,
    negative: -(2n ** 63n),
    path: 'a "quoted"\n\\path\u2028',
    none: null,
    is: false,
    argv: ["sh", "-c", "x\ty"],
    sizes: [1, 2n ** 60n],
    to: { family: "AF_INET", address: "192.0.2.1", port: 80 },
  });
  const line = eventJson(event);
  assert.doesNotMatch(line, /\n/);
  assert.deepEqual(parse(line), event);
  assert.ok(line.includes('"timestamp":1700000000123456789,'));
});

Deno.test("eventJson() of an event without fields, and of odd names, is JSON too", () => {
  assert.deepEqual(parse(eventJson(withData({}))), withData({}));
  const odd = { ...EVENT, process_name: '"\\\x1b[2J', data: { 'a"b': 1 } };
  assert.deepEqual(parse(eventJson(odd)), odd);
});

Deno.test("eventJson() gives back any text that processes can make up", () => {
  for (let round = 0; round < 500; round++) {
    const codes = crypto.getRandomValues(new Uint16Array(8)).map((code) =>
      code >= 0xd800 && code < 0xe000 ? 0x22 : code
    );
    const event = withData({ [`f${round}`]: String.fromCharCode(...codes) });
    assert.deepEqual(parse(eventJson(event)), event);
  }
});

Deno.test("eventJson() and eventText() tell a process of the host from one here with the same ids", () => {
  const outside: TraceEvent = { ...EVENT, host_process: true };
  for (const event of [EVENT, outside, EVENT]) {
    const { host_process } = parse(eventJson(event)) as TraceEvent;
    assert.equal(host_process, event.host_process);
  }
  assert.match(eventText(outside), /nginx: worker\/812@host /);
});
