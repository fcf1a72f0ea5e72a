/** Programs to look into, compiled from sample.c. */

const HERE = new URL(".", import.meta.url).pathname;
const VERSIONS = "SAMPLE_1 { global: answer; local: *; }; SAMPLE_2 { global: answer; } SAMPLE_1;";

/** Of each of the two instructions that `marked` in sample.c begins with. */
export const INSTRUCTION_BYTES = Deno.build.arch === "x86_64" ? 1 : 4;
/** Behind them in `marked`, up to its end. */
export const MARKED_TEXT = "here is marked";

/** What has been compiled already, by the compiler's arguments. */
const compiled = new Map<string, Uint8Array<ArrayBuffer>>();

/** A directory with compiled samples, gone when it is disposed of. */
export class Samples implements Disposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "ktriage-samples-" });

  /** @param args of the compiler: `-static`, `-Wl,--strip-all` */
  program(...args: readonly string[]): string {
    const second = this.#compile("second.o", [...args, "-DSECOND", "-c", `${HERE}sample.c`]);
    return this.#compile("sample", [...args, `${HERE}sample.c`, second], args.join(" "));
  }

  library(): string {
    const map = this.write("versions.map", VERSIONS);
    const args = ["-shared", "-fPIC", `-Wl,--version-script=${map}`, `${HERE}library.c`];
    return this.#compile("libsample.so.1", args, "library");
  }

  path(name: string): string {
    return `${this.directory}/${name}`;
  }

  write(name: string, content: Uint8Array | string): string {
    const path = this.path(name);
    Deno.writeFileSync(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    return path;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }

  #compile(name: string, args: readonly string[], key = `${name} ${args.join(" ")}`): string {
    const path = this.path(name);
    const known = compiled.get(key);
    if (known === undefined) {
      // code apart from the rest: the default of linkers for x86-64, not of those for arm64
      const linker = ["-Wl,--build-id", "-Wl,-z,separate-code"];
      run("clang", ["-O1", "-Wall", "-Wno-unused-command-line-argument", ...linker, ...args, "-o", path]);
      compiled.set(key, Deno.readFileSync(path));
    } else this.write(name, known);
    Deno.chmodSync(path, 0o755);
    return path;
  }
}

/** What a command prints; it must succeed. */
export function run(command: string, args: readonly string[]): string {
  const { success, stdout, stderr } = new Deno.Command(command, { args: [...args] }).outputSync();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
