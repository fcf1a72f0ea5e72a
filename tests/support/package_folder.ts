/** A place of a test's own for the offline package: its cache, and copies of it. */
import assert from "node:assert/strict";
import { VERSION } from "../../src/cli/version.ts";
import { type Ended, type PackageOptions, runPackage } from "./package.ts";

/** How `ktriage --version` ends. */
export const HELLO = { code: 0, signal: null, stdout: `ktriage ${VERSION}\n`, stderr: "" };

/** What every start goes through, and nothing else. */
export function sayVersion(options: PackageOptions): Promise<Ended> {
  return runPackage(["--version"], options);
}

export class PackageFolder implements AsyncDisposable {
  readonly path = Deno.makeTempDirSync({ prefix: "ktriage-package-" });
  /** Not there yet. */
  readonly cache = `${this.path}/cache`;

  /** The folder of the only build in the cache. */
  get build(): string {
    const names = [...Deno.readDirSync(this.cache)].map(({ name }) => name);
    assert.equal(names.length, 1, names.join(" "));
    return `${this.cache}/${names[0]}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
