/** All rules. */
import { connections } from "./connections.ts";
import { figures } from "./figures.ts";
import { fileSystems } from "./file_systems.ts";
import { listening } from "./listening.ts";
import { processes } from "./processes.ts";
import type { Judgement, View } from "./rule.ts";

const RULES = [listening, connections, fileSystems, processes, figures];

/** What is surely right or wrong about a clause, as far as any rule understands it. */
export function judge(view: View): readonly Judgement[] {
  return RULES.flatMap((rule) => rule(view));
}
