/** A small HTTP proxy: tunnels for https, requests with a whole URL for http. */

export interface ProxyOptions {
  /** What it wants in `proxy-authorization`. */
  readonly authorization?: string;
  /** Answers everything with this status line instead. */
  readonly refuses?: string;
}

export interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** The first line of each request, for example `CONNECT gw:443 HTTP/1.1`. */
  readonly requests: readonly string[];
}

/** Starts a proxy that leads every host to 127.0.0.1, so that names need not resolve. */
export function startProxy({ authorization, refuses }: ProxyOptions = {}): Proxy {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const requests: string[] = [];
  const open = new Set<Deno.TcpConn>();
  const serving = new Set<Promise<void>>();

  const serve = async (client: Deno.TcpConn): Promise<void> => {
    const { head, rest } = await readHead(client);
    const [first = ""] = head.split("\r\n");
    requests.push(first);
    const refused = refuses ?? refusalFor(head, authorization);
    if (refused !== undefined) {
      return await write(client, `HTTP/1.1 ${refused}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
    }
    const [method, target = ""] = first.split(" ");
    const url = new URL(method === "CONNECT" ? `http://${target}` : target);
    const server = await Deno.connect({ hostname: "127.0.0.1", port: Number(url.port) });
    open.add(server);
    if (method === "CONNECT") await write(client, "HTTP/1.1 200 Connection established\r\n\r\n");
    else await write(server, head.replace(target, url.pathname));
    if (rest.length > 0) await writeAll(server, rest);
    await Promise.all([pipe(client, server), pipe(server, client)]);
  };
  const accepting = (async (): Promise<void> => {
    for await (const client of listener) {
      open.add(client);
      const served = serve(client).catch(() => {}).finally(() => close(client));
      serving.add(served);
    }
  })();
  return {
    url: `127.0.0.1:${listener.addr.port}`,
    requests,
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      open.forEach(close);
      await Promise.all([accepting, ...serving]);
    },
  };
}

function refusalFor(head: string, authorization: string | undefined): string | undefined {
  if (
    authorization === undefined || head.toLowerCase().includes(`proxy-authorization: ${authorization.toLowerCase()}`)
  ) {
    return undefined;
  }
  return '407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="proxy"';
}

/** A request's lines up to the empty one, and what came after. */
async function readHead(connection: Deno.TcpConn): Promise<{ head: string; rest: Uint8Array }> {
  let bytes = new Uint8Array();
  for (;;) {
    const text = new TextDecoder("latin1").decode(bytes);
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) return { head: text.slice(0, end + 4), rest: bytes.slice(end + 4) };
    const buffer = new Uint8Array(16 << 10);
    const count = await connection.read(buffer);
    if (count === null) throw new Error("the client is gone");
    bytes = Uint8Array.from([...bytes, ...buffer.subarray(0, count)]);
  }
}

async function pipe(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(16 << 10);
  try {
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      await writeAll(to, buffer.subarray(0, count));
    }
  } catch {
    // One side is gone: so is the other.
  }
  close(from);
  close(to);
}

function write(connection: Deno.TcpConn, text: string): Promise<void> {
  return writeAll(connection, new TextEncoder().encode(text));
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await connection.write(rest));
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // closed already
  }
}
