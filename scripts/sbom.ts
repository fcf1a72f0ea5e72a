/** `scripts/sbom`: what is inside of ktriage as CycloneDX 1.6, from the list that `ktriage licenses` prints. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Component, type Licenses, licenses } from "../src/protocol/licenses.ts";

type Json = Readonly<Record<string, unknown>>;

export interface SbomOptions {
  /** What tells this build from others; default: the file's hash, or what is inside. */
  readonly build_id?: string | undefined;
  /** The file that the bill is about. */
  readonly file?: { readonly name: string; readonly sha256: string } | undefined;
}

const OWN = "ktriage";

/** The bill as a CycloneDX 1.6 document; the same for the same input. */
export function sbomOf(listed: Licenses, { build_id, file }: SbomOptions = {}): Json {
  const own = listed.components.find(({ name }) => name === OWN);
  if (own === undefined) throw new Error(`Cannot write a bill of materials: ${OWN} itself is not listed.`);
  const others = listed.components.filter((component) => component !== own);
  const inside = (name: string): Component[] => others.filter(({ part_of = OWN }) => part_of === name);
  const hashes = file === undefined ? {} : { hashes: [{ alg: "SHA-256", content: file.sha256 }] };
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(build_id ?? file?.sha256 ?? JSON.stringify(listed))}`,
    version: 1,
    metadata: {
      component: {
        ...described(own),
        ...hashes,
        properties: [
          ...build_id === undefined ? [] : [{ name: "ktriage:build_id", value: build_id }],
          ...file === undefined ? [] : [{ name: "ktriage:file", value: file.name }],
        ],
      },
    },
    components: others.map(described),
    dependencies: listed.components.map(({ name, purl }) => ({
      ref: purl,
      dependsOn: inside(name).map((each) => each.purl),
    })),
  };
}

function described(component: Component): Json {
  const { name, version, kind, purl, note, hashes, source } = component;
  const of = (what: Component["hashes"][number]["what"]): Component["hashes"] =>
    hashes.filter((each) => each.what === what);
  const files = of("file").map((each) => ({
    type: "file",
    "bom-ref": `${purl}#${each.of}`,
    name: each.of,
    hashes: [written(each)],
  }));
  const archives = of("source").map(written);
  const reference = source === undefined ? [] : [{
    type: archives.length > 0 ? "source-distribution" : "website",
    url: source,
    ...archives.length > 0 ? { hashes: archives } : {},
  }];
  return {
    type: kind,
    "bom-ref": purl,
    name,
    version,
    ...note === undefined ? {} : { description: note },
    ...of("itself").length > 0 ? { hashes: of("itself").map(written) } : {},
    licenses: [licenseOf(component)],
    purl,
    ...reference.length > 0 ? { externalReferences: reference } : {},
    ...component.chosen === undefined ? {} : { properties: [{ name: "ktriage:offered", value: component.license }] },
    ...files.length > 0 ? { components: files } : {},
  };
}

/** What ktriage takes where there is a choice, otherwise what its authors say. */
function licenseOf({ license, chosen }: Component): Json {
  if (chosen !== undefined) return { license: { id: chosen, acknowledgement: "concluded" } };
  if (/\s/.test(license)) return { expression: license, acknowledgement: "declared" };
  return { license: { id: license, acknowledgement: "declared" } };
}

function written({ algorithm, content }: Component["hashes"][number]): Json {
  return { alg: algorithm, content };
}

/** A UUID of version 8 (RFC 9562), whose bits its maker chooses. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  const variant = "89ab"[Number.parseInt(hex.slice(16, 17), 16) % 4];
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ]
    .join("-");
}

if (import.meta.main) {
  const { values, positionals: [out] } = parseArgs({
    allowPositionals: true,
    options: { components: { type: "string" }, "build-id": { type: "string" }, file: { type: "string" } },
  });
  if (out === undefined) {
    throw new Error("Usage: scripts/sbom OUT [--components FILE] [--build-id ID] [--file PACKAGE]");
  }
  const path = values.components ?? new URL("../build/components.json", import.meta.url);
  const listed = licenses.parse(JSON.parse(Deno.readTextFileSync(path)));
  const file = values.file === undefined ? undefined : {
    name: resolve(values.file).replace(/^.*\//, ""),
    sha256: createHash("sha256").update(Deno.readFileSync(values.file)).digest("hex"),
  };
  Deno.writeTextFileSync(out, `${JSON.stringify(sbomOf(listed, { build_id: values["build-id"], file }), null, 2)}\n`);
}
