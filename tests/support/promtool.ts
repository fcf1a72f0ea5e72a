/** promtool, as `scripts/setup --for test` fetches it. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const COMMON = fileURLToPath(new URL("../../scripts/common.sh", import.meta.url));

/** Fails unless `promtool check metrics` has nothing to say about the text. */
export async function assertMetrics(text: string): Promise<void> {
  const tool = new Deno.Command("sh", {
    args: ["-c", 'root=; . "$1"; exec "$promtool" check metrics', "sh", COMMON],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = tool.stdin.getWriter();
  await input.write(new TextEncoder().encode(text));
  await input.close();
  const { code, stdout, stderr } = await tool.output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.deepEqual([code, said], [0, ""], text);
}
