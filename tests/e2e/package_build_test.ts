/** How the package is built: the same bytes from everywhere. */
import assert from "node:assert/strict";

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
