/** Records to a small file system until it is full, makes room, ends the record, and tells what is in it. */
import { readAudit, readRecord } from "../../src/record/read.ts";
import { Record } from "../../src/record/record.ts";
import { ASKED, ELSEWHERE, runs, TURN, WHO } from "./folder.ts";

const [mount = ""] = Deno.args;
const folder = `${mount}/record`;
const record = Record.create(folder, WHO);
record.began(ASKED);
Deno.writeTextFileSync(`${mount}/ballast`, "x".repeat(24 << 10));
for (let index = 0; index < 40; index++) runs(record, TURN, index);
Deno.removeSync(`${mount}/ballast`);
runs(record, TURN, 40);
record.end("run.json", { schema: "ktriage.run/1" });

const names = [...Deno.readDirSync(`${folder}/turns`)].map(({ name }) => name);
Deno.removeSync(`${folder}/run.json`);
const { turns, missing } = readRecord(folder, ELSEWHERE);
const left_over = names.filter((name) => name.endsWith(".new"));
const audit = readAudit(folder).at(-1)?.kind;
const told = JSON.stringify({ fault: record.fault, turns: turns.length, missing, audit, left_over });
Deno.stdout.writeSync(new TextEncoder().encode(told));
