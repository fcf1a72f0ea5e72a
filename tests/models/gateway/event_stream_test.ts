import assert from "node:assert/strict";
import { EventStream, type ServerEvent } from "../../../src/models/gateway/event_stream.ts";

function eventsOf(...pieces: readonly (string | Uint8Array)[]): readonly ServerEvent[] {
  const stream = new EventStream();
  const bytes = pieces.map((piece) => typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
  return [...bytes.flatMap((piece) => stream.push(piece)), ...stream.end()];
}

function dataOf(...pieces: readonly (string | Uint8Array)[]): readonly string[] {
  return eventsOf(...pieces).map(({ data }) => data);
}

Deno.test("EventStream reads LF, CRLF and CR line ends, joined data lines and fields without a space", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = ["data: a", "", "data:b", "data: c", "id: 7", "", ""].join(end);
    assert.deepEqual(dataOf(text), ["a", "b\nc"], JSON.stringify(end));
  }
});

Deno.test("EventStream passes over comments, a byte order mark, and events without data", () => {
  assert.deepEqual(dataOf("\ufeff: keep-alive\n\n", "event: ping\n\n", "data: a\n: still here\n\n"), ["a"]);
});

Deno.test("EventStream names events, by their field or as llama.cpp writes errors", () => {
  assert.deepEqual(eventsOf('event: error\ndata: {"a":1}\n\nerror: {"b":2}\n\ndata: x\n\n'), [
    { name: "error", data: '{"a":1}' },
    { name: "error", data: '{"b":2}' },
    { name: "message", data: "x" },
  ]);
});

Deno.test("EventStream gives the last event where the empty line after it is missing", () => {
  assert.deepEqual(dataOf("data: a\n\ndata: [DONE]"), ["a", "[DONE]"]);
});

Deno.test("EventStream reads the same however the bytes are cut, in characters of several bytes too", () => {
  const text = 'data: {"text":"größer – 日本 🦀"}\r\n\r\n: ping\r\n\r\ndata: a\r\ndata: b\r\n\r\ndata: [DONE]\r\n\r\n';
  const bytes = new TextEncoder().encode(text);
  const whole = eventsOf(bytes);
  assert.equal(whole.length, 3);
  for (let first = 0; first <= bytes.length; first++) {
    const second = Math.min(bytes.length, first + 7);
    const cut = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
    assert.deepEqual(eventsOf(...cut), whole, `cut at ${first} and ${second}`);
  }
  assert.deepEqual(eventsOf(...[...bytes].map((byte) => Uint8Array.of(byte))), whole, "byte by byte");
});
