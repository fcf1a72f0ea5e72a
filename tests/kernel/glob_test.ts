import assert from "node:assert/strict";
import { globOf } from "../../src/kernel/glob.ts";

Deno.test("globOf() matches whole texts, with * for any characters and ? for one", () => {
  assert.ok(globOf("tcp_*").test("tcp_connect") && globOf("tcp_*").test("tcp_"));
  assert.ok(globOf("tcp_?").test("tcp_x") && !globOf("tcp_?").test("tcp_xy"));
  assert.ok(!globOf("tcp").test("tcp_connect") && !globOf("connect").test("tcp_connect"));
  assert.ok(globOf(" **:tcp* ").test("sock:tcp_probe"));
});

Deno.test("globOf() takes everything else literally", () => {
  assert.ok(globOf("a.b+c[1]").test("a.b+c[1]"));
  assert.ok(!globOf("a.b").test("axb"));
});
