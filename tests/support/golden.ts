/** Golden files: what people read, compared with a recorded text. UPDATE_GOLDEN=1 records anew. */
import assert from "node:assert/strict";

const FOLDER = new URL("../data/golden/", import.meta.url);

/** Fails unless the text is what `tests/data/golden/<name>.txt` holds. */
export function assertGolden(name: string, text: string): void {
  const file = new URL(`${name}.txt`, FOLDER);
  if (Deno.env.get("UPDATE_GOLDEN") === "1") return Deno.writeTextFileSync(file, text);
  assert.equal(text, Deno.readTextFileSync(file), `${name}.txt differs: UPDATE_GOLDEN=1 records it anew`);
}
