import assert from "node:assert/strict";
import { escaped, html } from "../../../src/report/html.ts";
import { snapshotHtml } from "../../../src/report/snapshot/html.ts";
import { domOf, type Image, pixelsOf } from "../../support/chromium.ts";
import { FLOODED, HEALTHY, HOSTILE, MANY_FIGURES, TROUBLED } from "../../support/sample_snapshot.ts";

const LIGHT_BACK = "#f4f5f7", DARK_BACK = "#12151a";
const LIGHT_CRITICAL = "#fce5e3", DARK_CRITICAL = "#3c1a18", LIGHT_OK = "#e3f4e9";

Deno.test("html`` escapes what is put in, also in lists, and nothing twice", () => {
  const text = `<b a="1" c='2'>&</b>`;
  const inner = html`<i>${text}</i>`;
  assert.equal(inner.text, "<i>&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;&lt;/b&gt;</i>");
  assert.equal(html`${[inner, "<"]}${undefined}${3}`.text, `${inner.text}&lt;3`);
  assert.equal(escaped("\x1b[31m\0\t\n"), "\u{fffd}[31m\u{fffd}\t\n");
});

Deno.test("snapshotHtml() is one file that runs and fetches nothing", () => {
  for (const snapshot of [TROUBLED, HEALTHY, FLOODED, HOSTILE, MANY_FIGURES]) {
    const page = snapshotHtml(snapshot);
    assert.doesNotMatch(page, /<(?:script|link|img|iframe|object|embed|form|base|audio|video|source|svg)\b/i);
    assert.doesNotMatch(page, /url\(|@import|src=|href=|\son\w+=|javascript:/i);
    assert.match(page, /<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; /);
    assert.ok(page.length < 400_000);
  }
});

Deno.test("a browser shows verdict, findings in their order, and figures", async () => {
  const dom = await domOf(snapshotHtml(TROUBLED), { scheme: "light" });
  assert.match(
    dom,
    /<header class="verdict critical" id="verdict">\s*<h1><span class="word">CRITICAL<\/span>\/var is 98\.2% full/,
  );
  const ids = [...dom.matchAll(/<article class="card finding (\w+)" data-id="([^"]*)">/g)].map((match) =>
    match.slice(1)
  );
  assert.deepEqual(ids, [["critical", "filesystem.full"], ["warning", "tcp.listen_overflow"]]);
  assert.ok(dom.includes('<pre class="next">du -xh --max-depth=2 /var | sort -h | tail -20</pre>'));
  assert.match(dom, /<td class="n critical">98%<div class="bar critical">/);
  assert.match(dom, /<title>CRITICAL: db-3<\/title>/);
});

Deno.test("names that an attacker chose stay text in a browser", async () => {
  const dom = await domOf(snapshotHtml(HOSTILE), { scheme: "light" });
  assert.doesNotMatch(dom, /<script/i);
  assert.equal([...dom.matchAll(/<style>/g)].length, 1);
  const elements = new Set([...dom.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, name]) => name!.toLowerCase()));
  assert.ok(!elements.has("img") && !elements.has("b2"));
  const title = "&lt;script&gt;alert(1)&lt;/script&gt; &amp; \"x\" 'y' |";
  assert.ok(dom.includes(`<h3>${title}`), dom.slice(dom.indexOf("<h3>"), dom.indexOf("<h3>") + 200));
});

Deno.test("the page looks like one, light and dark, on a wide and on a narrow screen", async () => {
  const light = await pixelsOf(snapshotHtml(TROUBLED), { scheme: "light" });
  assert.equal(light.at(5, 5), LIGHT_BACK);
  assert.ok(shareOf(light, LIGHT_CRITICAL) > 0.02, "the verdict's colour");
  assert.ok(coloursOf(light) > 100, "text is drawn");
  const dark = await pixelsOf(snapshotHtml(TROUBLED), { scheme: "dark" });
  assert.equal(dark.at(5, 5), DARK_BACK);
  assert.ok(shareOf(dark, DARK_CRITICAL) > 0.02);
  assert.equal(shareOf(dark, LIGHT_BACK), 0);
  const healthy = await pixelsOf(snapshotHtml(HEALTHY), { scheme: "light", width: 500 });
  assert.equal(healthy.width, 500);
  assert.ok(shareOf(healthy, LIGHT_OK) > 0.02);
  assert.equal(shareOf(healthy, LIGHT_CRITICAL), 0);
  assert.ok(coloursOf(healthy) > 50);
});

/** Of all pixels, those of one colour. */
function shareOf({ width, height, colours }: Image, colour: string): number {
  return (colours.get(colour) ?? 0) / (width * height);
}

function coloursOf({ colours }: Image): number {
  return colours.size;
}
