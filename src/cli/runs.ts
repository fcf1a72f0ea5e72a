/** `ktriage runs`: the records below a folder. */
import { readMachine } from "../kernel/host/machine.ts";
import { type RunsList, stringify } from "../protocol/mod.ts";
import { listRecords } from "../record/list.ts";
import { runsText } from "../report/runs.ts";
import { orCliError } from "./record.ts";
import { EXIT, type Invocation } from "./subcommand.ts";

/** Prints a table, or with `--json` a document; a record that is broken is named and the others are listed. */
export async function runsSubcommand({ positionals, options, writer }: Invocation): Promise<number> {
  const machine = await readMachine();
  const folders = positionals.length === 0 ? ["."] : positionals;
  const found = folders.flatMap((folder) =>
    orCliError(() => listRecords(folder, machine), "Name folders that hold records of ktriage diagnose --record.")
  );
  // The same record may lie below two of the folders.
  const runs = [...new Map(found.map((run) => [run.folder, run])).values()];
  const document: RunsList = { schema: "ktriage.runs/1", runs };
  writer.out(options.has("json") ? `${stringify(document, 2)}\n` : runsText(runs, writer.layout));
  return EXIT.done;
}
