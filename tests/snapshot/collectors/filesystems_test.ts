import assert from "node:assert/strict";
import { levelOf } from "../../../src/report/snapshot/scale.ts";
import { filesystems } from "../../../src/snapshot/collectors/filesystems.ts";
import { collect } from "../recorded.ts";
import { CASES } from "./cases/mod.ts";

const FIGURE_OF: Readonly<Record<string, string>> = {
  "filesystem.full": "filesystem.used_percent",
  "filesystem.no_inodes": "filesystem.inodes_used_percent",
};

Deno.test("a file system's figures have the limits by which it is told, whatever its size", async () => {
  const seen = new Set<string>();
  for (const { name, host } of CASES.filter(({ collector }) => collector === filesystems)) {
    const { figures, findings } = await collect(filesystems, host);
    for (const figure of figures) {
      const told = findings.find(({ id, of }) => FIGURE_OF[id] === figure.name && of === figure.of)?.severity;
      const is_full_too = findings.some(({ id, of }) => id === "filesystem.full" && of === figure.of);
      if (told === undefined && is_full_too) continue; // inodes that come out of space
      const is_told_of_pool = findings.some(({ of }) => of !== undefined && figure.of?.startsWith(`${of}/`) === true);
      if (told === undefined && is_told_of_pool) continue; // a data set that shares the space of what is told
      const level = levelOf(figure);
      assert.equal(level === "plain" ? "good" : level, told ?? "good", `${name}: ${figure.name}`);
      seen.add(`${figure.name} ${level}`);
    }
  }
  for (const figure of Object.values(FIGURE_OF)) {
    assert.ok(seen.has(`${figure} critical`) && seen.has(`${figure} good`));
  }
  assert.ok(seen.has("filesystem.used_percent warning"));
  assert.ok(seen.has("filesystem.used_percent plain"), "what cannot be written has no limit");
});
