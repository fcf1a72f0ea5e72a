import assert from "node:assert/strict";
import { HeadAndTail } from "../../src/commands/output.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("HeadAndTail keeps everything up to the limit", () => {
  const buffer = new HeadAndTail(10);
  buffer.write(bytes("01234"));
  buffer.write(bytes("56789"));
  assert.deepEqual(buffer.finish(), { text: "0123456789", total_bytes: 10, cut_bytes: 0 });
});

Deno.test("HeadAndTail keeps the same head and tail however the output is cut into chunks", () => {
  const whole = "abcdefghijklmnopqrstuvwxyz".repeat(3);
  for (const limit of [1, 2, 7, 10, 77, 78, 79, 100]) {
    const expected = reference(whole, limit);
    for (let size = 1; size <= whole.length; size++) {
      const buffer = new HeadAndTail(limit);
      for (let at = 0; at < whole.length; at += size) buffer.write(bytes(whole.slice(at, at + size)));
      assert.equal(buffer.finish().text, expected, `limit ${limit}, chunks of ${size}`);
    }
  }
});

function reference(whole: string, limit: number): string {
  if (whole.length <= limit) return whole;
  const head = Math.ceil(limit / 2);
  const tail = limit - head;
  return `${whole.slice(0, head)}\n[ktriage: ${whole.length - limit} bytes cut here]\n${
    tail === 0 ? "" : whole.slice(-tail)
  }`;
}

Deno.test("HeadAndTail leaves out a character that the cut went through", () => {
  const buffer = new HeadAndTail(8);
  buffer.write(bytes("abcä" + "x".repeat(50) + "€yz"));
  assert.equal(buffer.finish().text, "abc\n[ktriage: 52 bytes cut here]\nyz");
});

Deno.test("HeadAndTail decodes invalid UTF-8 and nothing at all", () => {
  assert.equal(new HeadAndTail(8).finish().text, "");
  const buffer = new HeadAndTail(8);
  buffer.write(new Uint8Array([0xff, 0x41, 0xc3]));
  assert.equal(buffer.finish().text, "\uFFFDA\uFFFD");
});
