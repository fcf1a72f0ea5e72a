/** What `ktriage --version --json` prints: how this ktriage was made. */
import { BPF_OBJECTS, buildInfoBytes } from "../ffi/assets.ts";
import { isPackaged } from "../kernel/host/packaged.ts";
import type { VersionDocument } from "../protocol/version.ts";
import { VERSION } from "./version.ts";

/** What scripts/build-info.sh writes. */
type MadeFrom = Pick<VersionDocument, "target" | "commit" | "libbpf" | "clang">;

/** Reads what is carried along. */
export async function buildInfo(): Promise<VersionDocument> {
  const { target, commit, libbpf, clang } = JSON.parse(new TextDecoder().decode(await buildInfoBytes())) as MadeFrom;
  const objects = Object.entries(BPF_OBJECTS).map(async ([name, load]) => [name, await sha256(await load())]);
  const flavour = Deno.build.standalone ? "compile" : isPackaged() ? "offline" : "tree";
  return {
    schema: "ktriage.version/1",
    version: VERSION,
    flavour,
    target,
    commit,
    deno: Deno.version.deno,
    libbpf,
    clang,
    bpf_objects: Object.fromEntries(await Promise.all(objects)),
  };
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
