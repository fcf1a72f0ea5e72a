import { HELPER_ARGUMENT } from "./src/commands/sandbox/instructions.ts";

// hidden: ktriage starts itself this way, see src/commands/sandbox/helper.ts
if (Deno.args[0] === HELPER_ARGUMENT) (await import("./src/commands/sandbox/helper.ts")).becomeCommand();
const { main } = await import("./src/cli/app.ts");
Deno.exit(await main(Deno.args));
