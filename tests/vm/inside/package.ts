/** Runs as root with the offline package at $KTRIAGE_PACKAGE. */
import { PackageFolder } from "../../support/package_folder.ts";
import { assertChecks, assertDiagnoses, assertTraces, type Place } from "../../support/three_commands.ts";

const program = Deno.env.get("KTRIAGE_PACKAGE") ?? "";

Deno.test("the packaged file checks, traces and diagnoses", async () => {
  await using folder = new PackageFolder();
  const place: Place = { program, env: { KTRIAGE_CACHE: folder.cache }, has_shell: true };
  await assertChecks(place);
  await assertTraces({ ...place, name: "packaged" });
  await assertDiagnoses(place);
  folder.build; // it was unpacked once, and run from there
});
