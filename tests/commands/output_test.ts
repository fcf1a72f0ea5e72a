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

Deno.test("HeadAndTail decodes nothing at all, Latin-1 and UTF-16", () => {
  assert.equal(new HeadAndTail(8).finish().text, "");
  const latin = new HeadAndTail(80);
  latin.write(new Uint8Array([0x47, 0x72, 0xfc, 0xdf, 0x65]));
  assert.equal(latin.finish().text, "Grüße");
  const wide = new HeadAndTail(80);
  wide.write(new Uint8Array([0xff, 0xfe, 0x41, 0, 0x42, 0]));
  assert.equal(wide.finish().text, "AB");
});

Deno.test("HeadAndTail keeps the first and the last half of the lines", () => {
  const buffer = new HeadAndTail(10_000, 4);
  buffer.write(bytes("1\n2\n3\n4\n5\n6\n"));
  assert.deepEqual(buffer.finish(), {
    text: "1\n2\n\n[ktriage: 4 bytes cut here]\n5\n6\n",
    total_bytes: 12,
    cut_bytes: 4,
  });
  const exact = new HeadAndTail(10_000, 4);
  exact.write(bytes("1\n2\n3\n4\n"));
  assert.equal(exact.finish().cut_bytes, 0);
});

Deno.test("HeadAndTail describes binary output", async () => {
  const buffer = new HeadAndTail(65536);
  buffer.write((await Deno.readFile(Deno.execPath())).subarray(0, 12345));
  const { text, total_bytes } = buffer.finish();
  assert.match(text, /^\[binary output: 12,345 bytes, begins 7f 45 4c 46 [0-9a-f ]+, looks like ELF\]$/);
  assert.equal(total_bytes, 12345);
  const random = new HeadAndTail(65536);
  random.write(crypto.getRandomValues(new Uint8Array(5000)));
  assert.match(random.finish().text, /^\[binary output: 5,000 bytes, begins ([0-9a-f]{2} ?){16}/);
});

Deno.test("HeadAndTail takes words between NULs, colours and tables for text", () => {
  for (const text of ["nginx\0-g\0daemon off;\0", "\x1b[31mred\x1b[0m\tx\r\n", "ünï€ 漢字\n"]) {
    const buffer = new HeadAndTail(65536);
    buffer.write(bytes(text));
    assert.equal(buffer.finish().text, text);
  }
});
