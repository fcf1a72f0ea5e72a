/** Programs that report on certificates, access control and accounts. */
import { atMost, only, options, type Rule } from "../arguments.ts";
import { isLiteral, show } from "../marks.ts";
import { refusal } from "../verdict.ts";
import { commands, listed, needsOne, reports, ruled, SOCKETS } from "./entry.ts";
import type { Programs } from "./program.ts";

const READ = "~in: ~inform: ~noout ~text ~CAfile: ~CApath: ~nameopt: ~certopt: ";
/** Options of each command of openssl: none writes a file, loads an engine or makes a key. */
const OPENSSL: Readonly<Record<string, string>> = {
  version: "-abdefopvmrc",
  ciphers: "~v ~V ~s ~tls1_2 ~tls1_3 ~stdname",
  x509: READ +
    "~dates ~enddate ~startdate ~subject ~issuer ~serial ~fingerprint ~sha1 ~sha256 ~sha512 ~checkend: ~ext: " +
    "~purpose ~ocsp_uri ~hash ~subject_hash ~issuer_hash ~email ~alias ~modulus ~pubkey ~checkhost: ~checkip:",
  verify: READ +
    "~untrusted: ~verbose ~show_chain ~partial_chain ~x509_strict ~crl_check ~purpose: ~trusted: ~verify_hostname:",
  crl: READ + "~lastupdate ~nextupdate ~issuer ~fingerprint ~hash ~crlnumber",
  req: READ + "~subject ~verify ~modulus ~pubkey",
  rsa: READ + "~check ~modulus",
  pkey: READ + "~check ~pubin ~text_pub",
  crl2pkcs7: READ + "~nocrl ~certfile:",
  pkcs7: READ + "~print_certs",
  dgst: "~sha256 ~sha1 ~sha512 ~md5 ~r ~hex",
  s_client:
    "~connect: ~servername: ~noservername ~showcerts ~tls1 ~tls1_1 ~tls1_2 ~tls1_3 ~no_tls1_2 ~no_tls1_3 ~CAfile: ~CApath: " +
    "~verify: ~verify_return_error ~verify_hostname: ~starttls: ~brief ~prexit ~alpn: ~status ~4 ~6 ~quiet ~crlf ~ign_eof " +
    "~no_ign_eof ~name: ~cipher: ~ciphersuites: ~state ~debug ~msg ~trace ~legacy_renegotiation ~xmpphost: ~reconnect " +
    "~tlsextdebug ~no_ticket ~groups: ~curves: ~sigalgs: ~nocommands ~security_debug",
};
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\w+)?$/;

function opensslRule(args: readonly string[]): ReturnType<Rule> {
  const [command = "", ...rest] = args;
  const synopsis = OPENSSL[command];
  if (synopsis === undefined) {
    return refusal(
      "openssl/verb",
      `openssl ${show(command)} is not on the list of what only reads: ${Object.keys(OPENSSL).join(", ")}.`,
    );
  }
  const parsed = only("openssl", options(synopsis), rest);
  if ("rule" in parsed) return parsed;
  const given = parsed.options.map(([name]) => name);
  if (/^(rsa|pkey|req)$/.test(command) && !given.includes("noout")) {
    return refusal("openssl/key", `openssl ${command} prints keys without -noout: add it.`);
  }
  const connect = new Map(parsed.options).get("connect") ?? "";
  return command === "s_client" && (!isLiteral(connect) || connect === "" || parsed.operands.length > 0)
    ? refusal("openssl/host", "openssl s_client needs -connect with a host that stands in the line.")
    : undefined;
}

function opensslApproval(args: readonly string[]): ReturnType<Rule> {
  const connect = args[args.indexOf("-connect") + 1] ?? "";
  return args[0] !== "s_client" || LOOPBACK.test(connect) ? undefined : refusal(
    "openssl/host",
    `${show(connect)} is another host, and what comes in through a pipe is sent to it: an operator has to agree.`,
    "openssl s_client -connect localhost:443",
  );
}

export const SECURITY_PROGRAMS: Programs = {
  ...listed("faillog", "-a -u: --all --user=", {
    operands: atMost("faillog", 0, "it may change the log"),
    instead: "faillog -a",
  }),
  ...listed("testparm", "-sv --suppress-prompt --verbose --section-name= --parameter-name=", {
    rules: [needsOne("testparm", "-s --suppress-prompt", "waits for a key without -s")],
    instead: "testparm -s",
  }),
  ...listed("smbstatus", "-bdLpSNPuvB --brief --processes --shares --locks --verbose --json"),
  ...listed("pdbedit", "-Lv --list --verbose", {
    operands: atMost("pdbedit", 0, "it may change an account"),
    rules: [needsOne("pdbedit", "-L --list", "is refused without -L: it would change accounts")],
    instead: "pdbedit -L",
  }),
  ...listed("nscd", "-g --statistics", {
    rules: [needsOne("nscd", "-g --statistics", "is refused without -g: it would start")],
    instead: "nscd -g",
  }),
  ...listed("sealert", "-l:", { instead: "ausearch -m avc -ts recent" }),
  ...listed("run-parts", "-v --test --list --report --verbose --regex=", {
    rules: [
      (args) =>
        args.some((arg) => arg === "--test" || arg === "--list")
          ? undefined
          : refusal("program/runs-anything", "run-parts is refused without --test: it would run what it finds."),
    ],
    instead: "ls -la /etc/cron.daily",
  }),
  ...ruled("openssl", [opensslRule], {
    approval: opensslApproval,
    files: (args) => args[0] === "s_client" ? [] : args.slice(1).filter((arg) => arg.startsWith("/")),
    sendsInput: (args) => args[0] === "s_client",
    instead: "openssl version",
  }),
  ...reports("getenforce sestatus selinuxenabled aa-status apparmor_status aa-enabled"),
  ...reports("matchpathcon", {}),
  ...listed("getsebool", "-a"),
  ...commands("semanage", "", {
    "boolean,fcontext,login,port,user,module,interface,node,permissive": "-lCn --list --locallist --noheading",
  }, {
    rules: [needsOne("semanage", "-l --list", "is refused without -l: it would change the policy")],
    instead: "semanage port -l",
  }),
  ...listed("semodule", "-l --list --list-modules", {
    rules: [needsOne("semodule", "-l --list --list-modules", "is refused without -l: it would change the policy")],
    instead: "semodule -l",
  }),
  ...listed("seinfo sesearch", "-A -s: -t: -c: -p: --allow --all --source= --target= --class= --perm="),
  ...listed("keytool", "~list ~v ~keystore: ~storepass: ~alias: ~printcert ~file: ~rfc ~storetype: ~cacerts", {
    rules: [
      (args) =>
        /^-(list|printcert)$/.test(args[0] ?? "")
          ? undefined
          : refusal("keytool/verb", "keytool only lists and prints here."),
    ],
    instead: "keytool -list -cacerts",
  }),
  ...listed("ssh-keygen", "-lvBL -F: -f: -E:", {
    operands: atMost("ssh-keygen", 0, "only -l, -L and -F read"),
    rules: [(args) => args.some((arg) => /^-(lf?|L|Lf|lvf?|F|B)$/.test(arg)) ? undefined : SSH_KEYGEN],
    instead: "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
  }),
  ...listed("klist", "-aeftkAls -c:"),
  ...listed("realm", "", {
    operands: (operands) => operands[0] === "list" ? undefined : refusal("realm/verb", "realm only lists here."),
    needs: SOCKETS,
    instead: "realm list",
  }),
  ...commands("sssctl", "", { "domain-list,domain-status,user-checks,config-check": "-o -a -l -r" }, {
    needs: SOCKETS,
  }),
  ...commands("certbot", "", { "certificates!": "" }, { instead: "certbot certificates" }),
  ...listed("visudo", "-c -q -f: -s --check --strict", {
    rules: [needsOne("visudo", "-c -f: --check", "is refused without -c: it would edit")],
    operands: atMost("visudo", 0, "only -c reads"),
    instead: "visudo -c",
  }),
  ...listed("pwck grpck", "-rq", {
    rules: [needsOne("pwck", "-r", "is refused without -r: it would change the files")],
    instead: "pwck -r",
  }),
};

const SSH_KEYGEN = refusal("ssh-keygen/change", "ssh-keygen is refused without -l, -L or -F: it would make a key.");
