import assert from "node:assert/strict";
import { nextPrivate, readPrivate, writePrivate } from "../../src/case/private.ts";
import { sealed } from "../../src/case/file.ts";
import { inFolder, sampleCase } from "./support.ts";

const { content, redactor } = sampleCase();
const { document } = sealed(content);
const PRIVATE = nextPrivate(document, redactor.state);
const { id } = document;

Deno.test("readPrivate() finds the file beside the case, under another name too, and no other case's", () =>
  inFolder((folder) => {
    const named = undefined;
    assert.equal(readPrivate(`${folder}/case.ktz`, { id, named }), undefined);
    writePrivate(`${folder}/case.ktz.private`, PRIVATE);
    assert.equal(Deno.statSync(`${folder}/case.ktz.private`).mode! & 0o777, 0o600);
    assert.deepEqual(readPrivate(`${folder}/case.ktz`, { id, named })?.content, PRIVATE);
    assert.equal(readPrivate(`${folder}/renamed.ktz`, { id, named })?.path, `${folder}/case.ktz.private`);
    assert.equal(readPrivate(`${folder}/case.ktz`, { id: "f".repeat(32), named }), undefined);
    assert.throws(
      () => readPrivate(`${folder}/case.ktz`, { id, named: `${folder}/none` }),
      /Cannot use .*none for .*case\.ktz: there is no such file/,
    );
    Deno.writeTextFileSync(`${folder}/case.ktz.private`, "{");
    assert.throws(
      () => readPrivate(`${folder}/case.ktz`, { id, named }),
      /Cannot read .*case\.ktz\.private, which keeps/,
    );
  }));

Deno.test("a private file that somebody else could have written is not used", () =>
  inFolder((folder) => {
    const path = `${folder}/case.ktz.private`;
    writePrivate(path, PRIVATE);
    Deno.chmodSync(path, 0o666);
    assert.throws(
      () => readPrivate(`${folder}/case.ktz`, { id, named: undefined }),
      /Cannot trust .*others may write it/,
    );
    assert.equal(readPrivate(`${folder}/renamed.ktz`, { id, named: undefined }), undefined);
    assert.notEqual(readPrivate(`${folder}/case.ktz`, { id, named: path }), undefined);
    writePrivate(path, PRIVATE);
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
    assert.notEqual(readPrivate(`${folder}/case.ktz`, { id, named: undefined }), undefined);
  }));
