/** A private certificate authority, for gateways inside of an organisation. */
import { ModelError } from "../model.ts";

/**
 * Reads certificates that are trusted beside the usual ones.
 *
 * @param file PEM, one certificate or several
 * @throws {ModelError} the file cannot be read, holds no certificate, or a damaged one
 */
export function readAuthorities(file: string): string {
  const hint = "Set --ca or NANNYAPI_CA_FILE to the PEM file of the authority that signed the gateway's certificate.";
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ModelError(`Cannot read certificate authorities from ${file}: ${why}`, hint, { cause: error });
  }
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    throw new ModelError(`Cannot trust ${file}: it holds no certificate in PEM.`, hint);
  }
  try {
    Deno.createHttpClient({ caCerts: [text] }).close();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ModelError(`Cannot trust ${file}: a certificate in it is damaged (${why}).`, hint, { cause: error });
  }
  return text;
}
