/** How the package is built: the same bytes from everywhere, and what `deno compile` would get. */
import assert from "node:assert/strict";
import { BPF_OBJECTS, buildInfoBytes, libbpfBytes } from "../../src/ffi/assets.ts";

const CHECKOUT = new URL("../../", import.meta.url).pathname;

async function sh(line: string, ...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", { args: ["-ec", line, "sh", ...args] }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("two builds of a commit in two folders are the same, byte for byte", async () => {
  const folder = await Deno.makeTempDir({ prefix: "ktriage-build-" });
  try {
    // of what stands in the tree now, committed or not
    await sh(
      `mkdir "$2/one" && cd "$1"
       git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'for f; do [ ! -e "$f" ] || printf "%s\\0" "$f"; done' sh |
         tar --null --files-from=- -c | tar -x -C "$2/one"
       cd "$2/one" && git init -q && git add -A
       git -c user.name=t -c user.email=t@localhost commit -q -m t
       git clone -q "$2/one" "$2/another folder, with a longer name"`,
      CHECKOUT,
      folder,
    );
    for (const clone of ["one", "another folder, with a longer name"]) {
      await sh(
        `cd "$1" && umask "$2" && scripts/compile --flavour offline`,
        `${folder}/${clone}`,
        clone.slice(0, 1) === "o" ? "022" : "077",
      );
    }
    const sums = await sh(`cd "$1" && cat */dist/*-linux-*.sha256 && sha256sum */dist/ktriage-*.cdx.json`, folder);
    const each = sums.trim().split("\n").map((line) => line.split(" ")[0]);
    assert.equal(each.length, 4);
    assert.equal(each[0], each[1]);
    assert.equal(each[2], each[3]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("deno compile gets all scripts and assets, up to the writing of the file", async () => {
  const folder = await Deno.makeTempDir({ prefix: "ktriage-build-" });
  try {
    // no denort can be had on a host without its download site: any program takes its place in what is written
    const out = `${folder}/ktriage`;
    await sh(`DENORT_BIN=/bin/true "$1/scripts/compile" --flavour compile --output "$2"`, CHECKOUT, out);
    const bytes = Deno.readFileSync(out);
    const text = new TextDecoder("latin1").decode(bytes);
    assert.ok(bytes.length - Deno.statSync("/bin/true").size < 5_000_000, String(bytes.length));
    for (const load of [libbpfBytes, buildInfoBytes, ...Object.values(BPF_OBJECTS)]) {
      const beginning = (await load()).subarray(0, 60);
      assert.ok(text.includes(beginning.toBase64()), load.name); // as text within the script
    }
    assert.match(text, /"code_cache_key":null/);
    assert.match(text, /"--max-old-space-size=/);
    await sh(`cd "$1" && sha256sum --check --status ktriage.sha256`, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
