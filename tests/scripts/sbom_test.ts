import assert from "node:assert/strict";
import { sbomOf } from "../../scripts/sbom.ts";
import { embeddedLicenses } from "../../src/cli/licenses.ts";
import * as z from "zod";

/** What CycloneDX 1.6 says of the parts that are used; its objects take no other keys. */
const hashes = z.array(z.strictObject({
  alg: z.enum(["SHA-256", "SHA-512"]),
  content: z.string().regex(/^([a-fA-F0-9]{64}|[a-fA-F0-9]{128})$/),
}));
const property = z.strictObject({ name: z.string(), value: z.string() });
const acknowledgement = z.enum(["declared", "concluded"]);
const licenseChoice = z.union([
  z.tuple([z.strictObject({ expression: z.string(), acknowledgement })]),
  z.array(z.strictObject({ license: z.strictObject({ id: z.string(), acknowledgement }) })),
]);
const component = z.strictObject({
  type: z.enum(["application", "library", "platform", "file"]),
  "bom-ref": z.string().min(1),
  name: z.string().min(1),
  version: z.string().max(1024).optional(),
  description: z.string().optional(),
  hashes: hashes.optional(),
  licenses: licenseChoice.optional(),
  purl: z.string().regex(/^pkg:[a-z]+\/[^\s]+@[^\s]+$/).optional(),
  externalReferences: z.array(z.strictObject({
    type: z.enum(["website", "source-distribution"]),
    url: z.url(),
    hashes: hashes.optional(),
  })).optional(),
  properties: z.array(property).optional(),
  get components() {
    return z.array(component).optional();
  },
});
const bom = z.strictObject({
  $schema: z.literal("http://cyclonedx.org/schema/bom-1.6.schema.json"),
  bomFormat: z.literal("CycloneDX"),
  specVersion: z.literal("1.6"),
  serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  version: z.int().min(1),
  metadata: z.strictObject({ component }),
  components: z.array(component),
  dependencies: z.array(z.strictObject({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

const FILE = { name: "ktriage-0.1.0-linux-x86_64", sha256: "a".repeat(64) };

Deno.test("sbomOf() writes what CycloneDX 1.6 takes, of every component that is listed", async () => {
  const listed = await embeddedLicenses();
  const document = bom.parse(sbomOf(listed, { build_id: "0.1.0-x", file: FILE }));
  const written = [document.metadata.component, ...document.components];
  assert.deepEqual(written.map(({ name }) => name), listed.components.map(({ name }) => name));
  for (const { name, version, purl, licenses } of written) assert.ok(version && purl && licenses?.length === 1, name);
  assert.deepEqual(document.metadata.component.hashes, [{ alg: "SHA-256", content: FILE.sha256 }]);
  const libbpf = document.components.find(({ name }) => name === "libbpf");
  assert.match(libbpf?.purl ?? "", /^pkg:generic\/libbpf@/);
  assert.equal(libbpf?.externalReferences?.[0]?.hashes?.[0]?.alg, "SHA-256");
  assert.deepEqual(libbpf?.components?.map(({ name }) => name), ["libbpf.so"]);
});

Deno.test("sbomOf() names no reference twice, and every dependency is one of them", async () => {
  const { metadata, components, dependencies } = bom.parse(sbomOf(await embeddedLicenses()));
  const all = [metadata.component, ...components].flatMap((each) => [each, ...each.components ?? []]);
  const refs = new Set(all.map((each) => each["bom-ref"]));
  assert.equal(refs.size, all.length);
  const reached = new Set<string>();
  for (const { ref, dependsOn } of dependencies) {
    for (const each of [ref, ...dependsOn]) assert.ok(refs.has(each), each);
    dependsOn.forEach((each) => reached.add(each));
  }
  assert.equal(reached.size, components.length, "everything is inside of ktriage, or of a part of it");
});

Deno.test("sbomOf() is the same for the same build, and another build has another serial number", async () => {
  const listed = await embeddedLicenses();
  const serial = (build_id: string): unknown => sbomOf(listed, { build_id }).serialNumber;
  assert.equal(JSON.stringify(sbomOf(listed, { file: FILE })), JSON.stringify(sbomOf(listed, { file: FILE })));
  assert.equal(serial("a"), serial("a"));
  assert.notEqual(serial("a"), serial("b"));
  assert.doesNotMatch(JSON.stringify(sbomOf(listed)), /timestamp/);
});
