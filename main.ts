import { main } from "./src/cli/app.ts";

Deno.exit(await main(Deno.args));
