/** Listens on a port with room for one connection and never accepts, then connects until the room is used up and on. */
const port = Number(Deno.args[0]);
using _listener = Deno.listen({ hostname: "127.0.0.1", port, tcpBacklog: 1 });
const connections: unknown[] = [];
Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
for (;;) {
  connections.push(Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined));
  await new Promise((resolve) => setTimeout(resolve, 300));
}
