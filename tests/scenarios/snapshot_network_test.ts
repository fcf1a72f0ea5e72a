/** Faults of the network made for real: each raises exactly its finding in a snapshot. */
import assert from "node:assert/strict";
import { makeAuthority } from "../support/certificates.ts";
import { Fault, freePort } from "./support.ts";
import { Watch } from "./watch.ts";

Deno.test("snapshot tells of a service that does not accept, and whose it is", async () => {
  const port = freePort();
  const watch = await Watch.begin();
  await using service = await Fault.script("never_accept.ts", [String(port)]);
  const { of, evidence } = await watch.only("tcp.listen_overflow");
  assert.equal(of, `port ${port}`);
  assert.match(
    evidence.join("\n"),
    new RegExp(`port ${port} of deno \\(pid ${service.pid}\\): \\d+ wait to be accepted`),
  );
});

Deno.test("snapshot tells of connections that are refused, and not of those that are accepted", async () => {
  const port = freePort();
  const watch = await Watch.begin();
  {
    await using _service = await Fault.script("serve.ts", [String(port)]);
    await using _client = await Fault.script("refused.ts", [String(port)]);
    assert.deepEqual(await watch.news(), []);
  }
  await using _client = await Fault.script("refused.ts", [String(port)]);
  const { severity, title } = await watch.only("tcp.failed_connects");
  assert.equal(severity, "warning");
  assert.match(title, /^\d+ of \d+ TCP connects failed$/);
});

Deno.test("snapshot tells of a certificate that a listening program has open and that ends soon", async () => {
  using authority = makeAuthority();
  const path = await Deno.makeTempFile({ suffix: ".pem" });
  try {
    await Deno.writeTextFile(path, authority.sign("DNS:shop.example", 90).cert);
    const later = await Watch.begin({ days_later: 86 });
    const now = await Watch.begin();
    await using service = await Fault.script("serve_tls.ts", [String(freePort()), path]);
    assert.deepEqual(await now.news(), []);
    const { of, severity, title } = await later.only("certificate.expiring");
    assert.deepEqual([of, severity], [path, "warning"]);
    assert.equal(title, `The certificate ${path} of deno (pid ${service.pid}) ends in 4 days`);
  } finally {
    await Deno.remove(path);
  }
});
