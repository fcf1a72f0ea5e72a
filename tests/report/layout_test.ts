import assert from "node:assert/strict";
import { columns, count, cut, harmless, indent, wrap } from "../../src/report/layout.ts";
import { tellingLine } from "../../src/report/telling_line.ts";

Deno.test("wrap() breaks at spaces, keeps margins and line breaks, and never cuts a word", () => {
  assert.equal(wrap("one two three", 7), "one two\nthree");
  assert.equal(wrap("  - one two three", 9), "  - one\n  two\n  three");
  assert.equal(wrap("a\n\nb", 10), "a\n\nb");
  assert.equal(wrap("unbreakable x", 4), "unbreakable\nx");
  assert.equal(wrap("", 10), "");
});

Deno.test("indent() leaves empty lines empty", () => assert.equal(indent("a\n\nb"), "  a\n\n  b"));

Deno.test("cut() counts characters, not UTF-16 units", () => {
  assert.equal(cut("🦀🦀🦀", 3), "🦀🦀🦀");
  assert.equal(cut("🦀🦀🦀🦀", 3), "🦀🦀…");
});

Deno.test("columns() aligns, and wraps the second column under itself", () => {
  assert.equal(
    columns([["a", "one two three four five six"], ["long", "x"]], 32),
    "  a     one two three four five\n        six\n  long  x",
  );
});

Deno.test("count() knows one from many", () => {
  assert.deepEqual([count(0, "event"), count(1, "event"), count(1234, "event")], [
    "0 events",
    "1 event",
    "1,234 events",
  ]);
});

Deno.test("harmless() leaves lines, tabs and words, and nothing else that moves a cursor", () => {
  assert.equal(harmless("a\r\nb\tc é"), "a\nb\tc é");
  assert.equal(harmless("\x1b]0;title\x07\x00"), "\u{fffd}]0;title\u{fffd}\u{fffd}");
});

Deno.test("tellingLine() takes the line that speaks of the claim, numbers before words", () => {
  const text = "Filesystem Use%\n/dev/vda 100% /\n\n/dev/vdb   3% /srv\n";
  assert.equal(tellingLine(text, "/srv on vdb has room"), "/dev/vdb 3% /srv");
  assert.equal(tellingLine(text, "the use% of a filesystem is 100"), "/dev/vda 100% /");
  assert.equal(tellingLine(text, "nothing of this"), undefined);
  assert.equal(tellingLine("only this\n", "nothing"), "only this");
  assert.equal(tellingLine("\n \n", "x"), undefined);
});
