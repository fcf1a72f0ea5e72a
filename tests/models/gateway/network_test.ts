import assert from "node:assert/strict";
import { readAuthorities } from "../../../src/models/gateway/authorities.ts";
import { type GatewayOptions } from "../../../src/models/gateway/mod.ts";
import { ModelError } from "../../../src/models/model.ts";
import { makeAuthority } from "../../support/certificates.ts";
import { type Proxy, type ProxyOptions, startProxy } from "../../support/proxy.ts";
import { scriptedGateway } from "../../support/scripted_gateway.ts";
import { ask, closedPort, failureOf, gatewayAt, RESOLUTION } from "./support.ts";

const GOOD = { content: RESOLUTION };

interface Failed {
  readonly message: string;
  readonly hint: string;
  readonly reason: string;
}

/** What asking fails with, without any other try where that would be of no use. */
async function failing(endpoint: string, options: Partial<GatewayOptions> = {}): Promise<Failed> {
  const { message, hint, reason } = await failureOf(ask(gatewayAt(endpoint, { retries: { tries: 1 }, ...options })));
  return { message, hint, reason };
}

Deno.test("createGateway() trusts a private authority that it is given, and only then", async () => {
  using authority = makeAuthority();
  await using server = scriptedGateway([GOOD], { tls: authority.sign("IP:127.0.0.1") });
  const unknown = await failing(server.endpoint);
  assert.match(unknown.message, /not signed by an authority that this host trusts\.$/);
  assert.match(unknown.hint, /--ca or NANNYAPI_CA_FILE/);
  assert.equal(unknown.reason, "tls");
  const answer = await ask(gatewayAt(server.endpoint, { authorities: readAuthorities(authority.file) }));
  assert.equal(answer.reply.response_type, "resolution");
  assert.equal(server.requests.length, 1);
});

Deno.test("createGateway() explains a certificate that has expired, and one for another name", async () => {
  using authority = makeAuthority();
  const authorities = readAuthorities(authority.file);
  await using old = scriptedGateway([], { tls: authority.sign("IP:127.0.0.1", -1) });
  const expired = await failing(old.endpoint, { authorities });
  assert.match(expired.message, /its TLS certificate has expired\.$/);
  assert.match(expired.hint, /this host's clock is wrong: it says 20\d\d-/);
  await using other = scriptedGateway([], { tls: authority.sign("DNS:gw.example,DNS:gw2.example") });
  const named = await failing(other.endpoint, { authorities });
  assert.match(named.message, /its TLS certificate is for gw\.example, gw2\.example, not for 127\.0\.0\.1\.$/);
});

Deno.test("createGateway() explains http where https is spoken, and the other way round", async () => {
  using authority = makeAuthority();
  await using plain = scriptedGateway([]);
  const toPlain = await failing(plain.endpoint.replace("http:", "https:"));
  assert.match(toPlain.message, /it does not speak TLS there\.$/);
  assert.match(toPlain.hint, /begin with http:\/\/ instead/);
  await using tls = scriptedGateway([], { tls: authority.sign("IP:127.0.0.1") });
  const toTls = await failing(tls.endpoint.replace("https:", "http:"));
  assert.match(toTls.message, /what answers there is not HTTP\.$/);
  assert.match(toTls.hint, /begin with https:\/\/ instead/);
});

Deno.test("createGateway() explains ports that Deno refuses", async () => {
  assert.match((await failing("http://127.0.0.1:6667/v1")).message, /Deno refuses port 6667/);
});

Deno.test("readAuthorities() explains a file that it cannot read, and one without certificates", () => {
  assert.throws(() => readAuthorities("/nonexistent/ca.pem"), (error: Error) => {
    assert.ok(error instanceof ModelError);
    assert.match(error.message, /^Cannot read certificate authorities from \/nonexistent\/ca\.pem: No such file/);
    return true;
  });
  assert.throws(() => readAuthorities("/etc/passwd"), /Cannot trust \/etc\/passwd: it holds no certificate in PEM\.$/);
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert.throws(() => readAuthorities(file), /a certificate in it is damaged/);
  } finally {
    Deno.removeSync(file);
  }
});

/** Asks with a proxy in the environment, in a process of its own: Deno reads these variables once. */
async function askThroughProxy(
  endpoint: string,
  env: Readonly<Record<string, string>>,
  ca_file = "",
): Promise<{ answered?: string; message?: string; reason?: string }> {
  const program = `
    const { createGateway } = await import(${
    JSON.stringify(new URL("../../../src/models/gateway/mod.ts", import.meta.url))
  });
    const authorities = ${JSON.stringify(ca_file)} === "" ? undefined : Deno.readTextFileSync(${
    JSON.stringify(ca_file)
  });
    const gateway = createGateway({ endpoint: ${
    JSON.stringify(endpoint)
  }, model: "m", api_key: "k", authorities, retries: { tries: 1 } });
    const question = { issue: "x", turns: [], rounds_left: 1, messages: [{ role: "user", content: "u" }] };
    const said = await gateway.answer(question, { signal: new AbortController().signal })
      .then(({ reply }) => ({ answered: reply.root_cause }), ({ message, reason }) => ({ message, reason }));
    console.log(JSON.stringify(said));`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", program],
    env: { ...WITHOUT_PROXIES, ...env },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.notEqual(text, "", new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

const WITHOUT_PROXIES = Object.fromEntries(
  ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap((name) => [[name, ""], [name.toLowerCase(), ""]]),
);
const ANSWERED = { answered: RESOLUTION.root_cause };

Deno.test("createGateway() goes through HTTPS_PROXY, with a private authority too, and not where NO_PROXY says", async () => {
  using authority = makeAuthority();
  await using server = scriptedGateway([GOOD, GOOD], { tls: authority.sign("IP:127.0.0.1,DNS:gw.example") });
  await using proxy = startProxy();
  const { port } = new URL(server.endpoint);
  const env = { HTTPS_PROXY: `http://${proxy.url}` };
  assert.deepEqual(await askThroughProxy(`https://gw.example:${port}/openai/v1`, env, authority.file), ANSWERED);
  assert.deepEqual(proxy.requests, [`CONNECT gw.example:${port} HTTP/1.1`]);
  const direct = await askThroughProxy(server.endpoint, { ...env, NO_PROXY: "127.0.0.1" }, authority.file);
  assert.deepEqual([direct, proxy.requests.length], [ANSWERED, 1]);
});

Deno.test("createGateway() goes through HTTP_PROXY with the user and password in it", async () => {
  await using server = scriptedGateway([GOOD]);
  await using proxy = startProxy({ authorization: `Basic ${btoa("u:p")}` });
  const { port } = new URL(server.endpoint);
  const env = { HTTP_PROXY: `http://u:p@${proxy.url}` };
  assert.deepEqual(await askThroughProxy(`http://gw.example:${port}/openai/v1`, env), ANSWERED);
  assert.deepEqual(proxy.requests, [`POST http://gw.example:${port}/openai/v1/chat/completions HTTP/1.1`]);
});

for (
  const [what, scheme, options, told] of [
    ["wants a password, for https", "https", { authorization: "Basic x" }, /the proxy wants a user and a password/],
    [
      "wants a password, for http",
      "http",
      { authorization: "Basic x" },
      /the proxy wants a user and a password \(HTTP 407\)/,
    ],
    ["refuses", "https", { refuses: "403 Forbidden" }, /the proxy that HTTPS_PROXY names does not let it through/],
  ] as const satisfies readonly (readonly [string, string, ProxyOptions, RegExp])[]
) {
  Deno.test(`createGateway() explains a proxy that ${what}`, async () => {
    await using proxy: Proxy = startProxy(options);
    const env = { HTTPS_PROXY: `http://${proxy.url}`, HTTP_PROXY: `http://${proxy.url}` };
    const { message, reason } = await askThroughProxy(`${scheme}://gw.example:4000/v1`, env);
    assert.match(message ?? "", told);
    assert.equal(reason, "proxy");
  });
}

Deno.test("createGateway() explains a proxy that is not there", async () => {
  const env = { HTTPS_PROXY: `http://127.0.0.1:${closedPort()}` };
  const { message } = await askThroughProxy("https://gw.example:4000/v1", env);
  assert.match(message ?? "", /connection refused, there or by the proxy in HTTPS_PROXY/);
});
