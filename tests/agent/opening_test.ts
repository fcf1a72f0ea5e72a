import assert from "node:assert/strict";
import { openingMessages } from "../../src/agent/opening.ts";
import { AS_IT_IS, type Message, type Outbound } from "../../src/models/model.ts";
import { CONTRACT, systemPrompt, tokensOf } from "../../src/models/prompts.ts";
import { check, type Host, parse } from "../../src/protocol/mod.ts";

function contentOf(message: Message | undefined, outbound: Outbound = AS_IT_IS): string {
  assert.ok(message);
  return typeof message.content === "string" ? message.content : message.content(outbound);
}

/** What `ktriage check --json` printed on a host of that kind. */
function recordedHost(name: string): Host {
  return check.parse(parse(Deno.readTextFileSync(new URL(`../data/hosts/${name}.json`, import.meta.url)))).host;
}

function toldOf(host: Host): string {
  return contentOf(openingMessages({ issue: "the shop is slow", host, max_rounds: 8 })[1]);
}

const HOSTS: readonly { readonly name: string; readonly says: readonly RegExp[]; readonly never?: RegExp }[] = [
  {
    name: "full",
    says: [/^- Works: kernel, privileges, btf, .*\btracepoint\b.*\bkprobe\b.*\bfentry\b.*\buprobe\b/m],
    never: /: no, |commands only/,
  },
  {
    name: "no_kprobes",
    says: [
      /^- kprobe: no, this kernel has no kprobe events.*; instead: /m,
      /^- Works: .*\btracepoint, raw_tracepoint\b/m,
    ],
    never: /commands only|Works:.*\bkprobe\b/,
  },
  {
    name: "no_btf",
    says: [/^- btf: no, .*; instead: tracepoints as ever/m, /^- Works: .*\bkprobe\b/m],
    never: /commands only/,
  },
  {
    name: "no_root",
    says: [/^No eBPF program can run on this host: ask for commands only/m, /^- privileges: no, .*lacks CAP_BPF/m],
    never: /Works:|ring_buffer/,
  },
];

for (const { name, says, never } of HOSTS) {
  const host = recordedHost(name);
  const told = toldOf(host);
  Deno.test(`the first message to a model on a host with ${name} takes ${tokensOf(told)} tokens, of 1300 at most`, () => {
    assert.ok(tokensOf(told) <= 1300);
    for (const part of says) assert.match(told, part);
    if (never !== undefined) assert.doesNotMatch(told, never);
    const parts = [
      "# Problem\nthe shop is slow",
      "# Host\n{",
      host.kernel,
      "# What can be traced here\n",
      CONTRACT,
      "# Rounds",
    ];
    let at = -1;
    for (const part of parts) {
      const found = told.indexOf(part, at + 1);
      assert.ok(found > at, part);
      at = found;
    }
  });
}

Deno.test("openingMessages() sends the system prompt first, shorter where there is little room", () => {
  const problem = { issue: "x", host: recordedHost("full"), max_rounds: 8 };
  const [system, user, ...more] = openingMessages(problem);
  assert.deepEqual([system?.role, user?.role, more.length], ["system", "user", 0]);
  assert.equal(contentOf(system), systemPrompt());
  for (const max_bytes of [12_000, 8_000, 5_000]) {
    const short = openingMessages({ ...problem, max_bytes }).map((message) => contentOf(message));
    assert.ok(tokensOf(short.join("")) <= max_bytes / 4, `${tokensOf(short.join(""))} tokens in ${max_bytes} bytes`);
    assert.ok(short[1]?.includes(CONTRACT));
  }
});

Deno.test("openingMessages() tells how many replies there are", () => {
  const host = recordedHost("full");
  assert.match(toldOf(host), /at most 8 replies; the last of them must be a resolution/);
  const [, only] = openingMessages({ issue: "x", host, max_rounds: 1 });
  assert.match(contentOf(only), /one reply: it must be a resolution/);
});

Deno.test("openingMessages() redacts the issue and the host, and none of our own words", () => {
  const redact = (text: string): string => text.replaceAll(/shop-1|connections|comm/g, "<host:1>");
  const [, user] = openingMessages({ issue: "shop-1 refuses connections", host: recordedHost("full"), max_rounds: 8 });
  const content = contentOf(user, { ...AS_IT_IS, redact });
  assert.match(content, /^# Problem\n<host:1> refuses <host:1>\n/);
  assert.match(content, /"hostname":"<host:1>"/);
  assert.match(content, /`comm`/);
});
