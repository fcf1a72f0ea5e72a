/**
 * A name server on port 53 of an address that knows one name. It takes its time for every answer, and gives none for
 * four of every eight seconds. Arguments: its own address, the name's.
 */
const [own = "127.0.0.1", known = "127.0.0.1"] = Deno.args;
const DELAY_MS = 700;
const PERIOD_MS = 8000;
const SILENT_MS = 4000;
const HEADER_BYTES = 12;
const TYPE_A = 1;

const socket = Deno.listenDatagram({ transport: "udp", hostname: own, port: 53 });
Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
for await (const [query, client] of socket) {
  const end = questionEnd(query);
  const type = new DataView(query.buffer, query.byteOffset).getUint16(end - 4);
  if (performance.now() % PERIOD_MS >= PERIOD_MS - SILENT_MS) continue;
  setTimeout(() => void socket.send(answerTo(query.slice(0, end), type), client), type === TYPE_A ? DELAY_MS : 0);
}

/** Behind the name, its type and its class (RFC 1035, 4.1.2). */
function questionEnd(query: Uint8Array): number {
  let at = HEADER_BYTES;
  while (query[at] !== 0) at += 1 + (query[at] ?? 0);
  return at + 5;
}

/** One address, or for other types that there is none. */
function answerTo(question: Uint8Array, type: number): Uint8Array {
  const records = type === TYPE_A ? 1 : 0;
  const header = [...question.slice(0, 2), 0x81, 0x80, 0, 1, 0, records, 0, 0, 0, 0];
  const record = [0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 5, 0, 4, ...known.split(".").map(Number)];
  return new Uint8Array([...header, ...question.slice(HEADER_BYTES), ...(records === 1 ? record : [])]);
}
