import assert from "node:assert/strict";
import { identitiesFrom } from "../../src/privacy/identities.ts";
import { Redactor } from "../../src/privacy/redactor.ts";

const SECRET = "Xk9vQ2mZ7rT4wLp8";
const IDENTITIES = { hosts: ["shop-1", "shop-1.corp.example.com"], users: ["alice"] };

function everything(): Redactor {
  return new Redactor({ categories: ["addresses", "hosts", "users"], identities: IDENTITIES });
}

Deno.test("redact() gives the same value the same placeholder, however it is written", () => {
  const value = `p@ss"w/rd${SECRET}`;
  const redactor = new Redactor();
  const texts = [
    `PASSWORD='${value}'`,
    `raw ${value} raw`,
    JSON.stringify({ x: value }),
    JSON.stringify(JSON.stringify({ x: value })),
    `q=${encodeURIComponent(value)}&`,
    `b ${btoa(value)} b`,
    `u ${btoa(value).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")} u`,
    `h ${new TextEncoder().encode(value).toHex()} h`,
  ];
  for (const text of texts) {
    const redacted = redactor.redact(text);
    assert.deepEqual(redacted.match(/<\w+:\d+>/g), ["<secret:1>"], `${text}\n${redacted}`);
  }
  assert.equal(redactor.redact(`PGPASSWORD=other2${SECRET}`), "PGPASSWORD=<secret:2>");
});

Deno.test("redact() keeps JSON valid", () => {
  const document = { a: { password: `a"b\\${SECRET}` }, b: [`x ${SECRET}`], c: JSON.stringify({ token: SECRET }) };
  const redacted = JSON.parse(new Redactor().redact(JSON.stringify(document)));
  assert.match(redacted.a.password, /^<secret:\d>$/);
  assert.match(JSON.parse(redacted.c).token, /^<secret:\d>$/);
});

Deno.test("restore() puts back hosts, users and addresses, and never a secret", () => {
  const redactor = everything();
  const text = `alice@shop-1 10.1.2.3 fe80::1:2 52:54:00:12:34:56 PASSWORD=${SECRET}`;
  const redacted = redactor.redact(text);
  assert.equal(redacted, "<user:1>@<host:1> <address:1> <address:2> <address:3> PASSWORD=<secret:1>");
  assert.equal(redactor.restore(redacted), text.replace(SECRET, "<secret:1>"));
  assert.equal(redactor.restore("dig <host:1> <host:99> <secret:1>"), "dig shop-1 <host:99> <secret:1>");
});

Deno.test("redact() does not take the host's own text for placeholders, nor does restore()", () => {
  const redactor = everything();
  const printed = `shop-1 prints <host:1> <secret:1> <user:7>`;
  const redacted = redactor.redact(printed);
  assert.equal(redacted, "<host:1> prints <text:1> <text:2> <text:3>");
  assert.equal(redactor.restore(redacted), printed);
  // The model was given <host:1>, but not <host:2>.
  assert.equal(redactor.redact("ping <host:1> <host:2>", { from: "model" }), "ping <host:1> <text:4>");
});

Deno.test("redact() leaves addresses and names alone unless they are asked for", () => {
  const text = "alice@shop-1 10.1.2.3 fe80::1 52:54:00:12:34:56";
  assert.equal(new Redactor({ identities: IDENTITIES }).redact(text), text);
});

Deno.test("redact() finds addresses and names where they stand as parts, and nothing else", () => {
  const redactor = everything();
  const cases: readonly (readonly [string, string])[] = [
    ["/home/alice/x malice alice2 ALICE", "/home/<user:1>/x malice alice2 ALICE"],
    ["SHOP-1: shop-10 shop-1.corp.example.com. db.corp.example.com", "<host:1>: shop-10 <host:2>. <host:3>"],
    [
      "127.0.0.1:80 0.0.0.0 ::1 :: 255.255.255.0 12:34:56 6.1.0",
      "127.0.0.1:80 0.0.0.0 ::1 :: 255.255.255.0 12:34:56 6.1.0",
    ],
    ["tcp 10.0.0.7:5432 [2001:db8::7]:53", "tcp <address:1>:5432 [<address:2>]:53"],
    ["0700000A:1538 0100007F:0016", "<address:1>:1538 0100007F:0016"],
    [
      "nginx.service libc.so.6 a.conf sk.__sk_common std::map",
      "nginx.service libc.so.6 a.conf sk.__sk_common std::map",
    ],
  ];
  for (const [text, expected] of cases) assert.equal(redactor.redact(text), expected);
});

Deno.test("identitiesFrom() takes this host's names and its people, not localhost, root or daemons", () => {
  const identities = identitiesFrom({
    own: ["shop-1\n", ""],
    hosts: "127.0.0.1 localhost ip6-loopback # shop\n10.0.0.2\tdb-1.corp.example.com\tdb-1\n",
    passwd: "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/false\n" +
      "alice:x:1000:1000:Alice Smith,,,:/home/asmith:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    resolver: "search corp.example.com\nnameserver 10.0.0.1\n",
  });
  assert.deepEqual(identities.hosts, ["shop-1", "db-1.corp.example.com", "db-1", "corp.example.com"]);
  assert.deepEqual(identities.users, ["alice", "Alice Smith", "asmith"]);
});

Deno.test("a weak password is taken out where it is one, and its word left alone elsewhere", () => {
  const redacted = new Redactor().redact("PGPASSWORD=postgres\npostgres: checkpointer\nuser postgres");
  assert.equal(redacted, "PGPASSWORD=<secret:1>\npostgres: checkpointer\nuser postgres");
});

Deno.test("a value that stands in our own text is not looked for elsewhere", () => {
  const redactor = new Redactor({ own_text: "target sys_enter_c0nnect!" });
  assert.equal(redactor.redact("TOKEN=sys_enter_c0nnect!"), "TOKEN=<secret:1>");
  assert.equal(redactor.redact("trace sys_enter_c0nnect!"), "trace sys_enter_c0nnect!");
});

Deno.test("net() takes out known values and unmistakable ones, and leaves JSON whole", () => {
  const redactor = new Redactor();
  redactor.learn(`PASSWORD=n${SECRET}`);
  const body = JSON.stringify({ a: `x n${SECRET} y`, b: `ghp_${SECRET}${SECRET}abcd`, c: "\n" });
  const safe = redactor.net(body);
  assert.deepEqual(JSON.parse(safe), { a: "x <secret:1> y", b: "<secret:2>", c: "\n" });
  // The backslash of an escape belongs to the n after it.
  const escaped = JSON.stringify({ a: `\n${SECRET}` });
  assert.doesNotThrow(() => JSON.parse(redactor.net(escaped)));
});

Deno.test("redact() leaves no half of a word where an output was cut", () => {
  const cut = `first line Xk9vQ2mZ\n[ktriage: 812 bytes cut here]\n7rT4wLp8 and more`;
  assert.equal(new Redactor().redact(cut), "first line …\n[ktriage: 812 bytes cut here]\n… and more");
  const atLines = "first line\n\n[ktriage: 812 bytes cut here]\nnext line";
  assert.equal(new Redactor().redact(atLines), atLines);
});

Deno.test("redact() takes out names of two letters as whole words", () => {
  const redactor = new Redactor({ categories: ["hosts"], identities: { hosts: ["vm"], users: [] } });
  assert.equal(redactor.redact("vm: vmstat kvm vm"), "<host:1>: vmstat kvm <host:1>");
});

const HOSTILE: readonly string[] = [
  "a",
  "=",
  "-----BEGIN",
  "-----BEGIN RSA PRIVATE KEY-----",
  "-----END RSA PRIVATE KEY-----",
  "://",
  "eyJ ",
  '\\n\\"',
  "%41",
  "a\n",
  "&amp;",
  "<secret:1>",
  "1.",
  "a:",
  "\0",
];

for (const unit of HOSTILE) {
  Deno.test(`redact() takes linear time on megabytes of ${JSON.stringify(unit)}`, () => {
    const size = ["a", "=", "-----BEGIN"].includes(unit) ? 10_000_000 : 300_000;
    const start = performance.now();
    everything().redact(unit.repeat(Math.ceil(size / unit.length)));
    const took_ms = performance.now() - start;
    assert.ok(took_ms < 10_000, `${took_ms} ms`);
  });
}

Deno.test("redact() leaves a mebibyte of ordinary text as it is, and does not take long", () => {
  const line =
    'Nov 21 10:00:00 web nginx[812]: 10.0.0.7 - - "GET /api/items?page=2 HTTP/1.1" 200 512 key=value token_bucket\n';
  const text = line.repeat(Math.ceil((1 << 20) / line.length));
  new Redactor().redact(text.slice(0, 1 << 18));
  const start = performance.now();
  assert.equal(new Redactor().redact(text), text);
  assert.ok(performance.now() - start < 10_000);
});

Deno.test("a redactor goes on from another one's state: same values, same placeholders, and secrets are still known", () => {
  const first = everything();
  assert.equal(
    first.redact(`PGPASSWORD=${SECRET} psql -h 10.1.2.3 -U alice`),
    "PGPASSWORD=<secret:1> psql -h <address:1> -U <user:1>",
  );
  const second = new Redactor({
    categories: ["addresses", "hosts", "users"],
    identities: IDENTITIES,
    state: JSON.parse(JSON.stringify(first.state)),
  });
  // Nothing in the text says that it is one: only who has met it before can know.
  assert.equal(
    second.redact(`argv: ${SECRET} 10.1.2.3 10.9.9.9 alice`),
    "argv: <secret:1> <address:1> <address:2> <user:1>",
  );
  assert.equal(second.redact("PGPASSWORD=other2Xk9vQ2mZ7"), "PGPASSWORD=<secret:2>");
  assert.equal(second.restore("ping <address:1> <address:2> <secret:1>"), "ping 10.1.2.3 10.9.9.9 <secret:1>");
  assert.equal(new Redactor().redact(`argv: ${SECRET}`), `argv: ${SECRET}`);
});

Deno.test("a redactor keeps the placeholders that another host gave out, and counts on behind them", () => {
  const redactor = new Redactor({ categories: ["addresses"], foreign: { address: 2, secret: 1 } });
  assert.equal(
    redactor.redact("from <address:1> to <address:3>, TOKEN=<secret:1>, 10.1.2.3"),
    "from <address:1> to <text:1>, TOKEN=<secret:1>, <address:3>",
  );
  assert.equal(redactor.restore("<address:1> <address:3> <text:1>"), "<address:1> 10.1.2.3 <address:3>");
});

Deno.test("what was taken out once is not taken out again: a key's block keeps its placeholder", () => {
  const block =
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw\n-----END RSA PRIVATE KEY-----\n";
  const redactor = new Redactor();
  const redacted = redactor.redact(block);
  assert.match(redacted, /-----\n<secret:1>\n-----/);
  assert.equal(redactor.redact(redacted, { from: "model" }), redacted);
  assert.equal(redactor.net(JSON.stringify(redacted)), JSON.stringify(redacted));
});

Deno.test("net() leaves JSON whole with half a key in it, and JSON inside of it", () => {
  const line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
  const halves = [
    `-----BEGIN RSA PRIVATE KEY-----\n${line}\n${line}`,
    `${line}\n${line}\n-----END RSA PRIVATE KEY-----`,
  ];
  for (const half of halves) {
    const results = {
      command_results: [{ id: "a", stdout: half, stderr: "" }, { id: "b", stdout: "kept", n: [half] }],
    };
    const request = {
      messages: [{ role: "user", content: JSON.stringify(results) }, { role: "user", content: "kept" }],
    };
    const netted = new Redactor().net(JSON.stringify(request));
    assert.ok(!netted.includes(line), netted);
    const read = JSON.parse(netted);
    assert.equal(read.messages[1].content, "kept");
    assert.equal(JSON.parse(read.messages[0].content).command_results[1].stdout, "kept");
  }
});
