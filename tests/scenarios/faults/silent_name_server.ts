/** Takes queries on port 53 of an address and never answers. Argument: address. */
const socket = Deno.listenDatagram({ transport: "udp", hostname: Deno.args[0] ?? "127.0.0.1", port: 53 });
Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
for (;;) await socket.receive();
