/** A certificate authority made up for one test, and server certificates that it signs. */

export interface Authority extends Disposable {
  /** The file of its certificate, in PEM. */
  readonly file: string;
  /**
   * Signs a server's certificate.
   *
   * @param names as openssl writes them, for example `IP:127.0.0.1,DNS:localhost`
   * @param days negative: expired
   */
  sign(names: string, days?: number): { readonly cert: string; readonly key: string };
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Makes an authority; needs openssl. */
export function makeAuthority(): Authority {
  const folder = Deno.makeTempDirSync();
  const openssl = (...args: readonly string[]): void => {
    const { success, stderr } = new Deno.Command("openssl", { args: [...args], cwd: folder }).outputSync();
    if (!success) throw new Error(`openssl ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  };
  openssl(
    "req",
    "-x509",
    ...NEW_KEY,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-subj",
    "/CN=test authority",
    "-days",
    "2",
  );
  let number = 0;
  return {
    file: `${folder}/ca.pem`,
    sign(names, days = 1): { cert: string; key: string } {
      const name = `server${number++}`;
      openssl("req", ...NEW_KEY, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
      Deno.writeTextFileSync(`${folder}/${name}.ext`, `subjectAltName=${names}\n`);
      const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-extfile", `${name}.ext`, "-days", String(days)];
      openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...signed);
      const read = (suffix: string): string => Deno.readTextFileSync(`${folder}/${name}.${suffix}`);
      return { cert: read("pem"), key: read("key") };
    },
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}
