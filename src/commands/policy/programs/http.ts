/** curl and wget: only GET and HEAD, answers only to standard output, and only to this host without being asked. */
import { only, type Options, options, type Parsed, type Rule } from "../arguments.ts";
import { GLOB, isLiteral, NUMBER, show } from "../marks.ts";
import { type Rewrite, withOptions } from "../rewrites.ts";
import { type Refusal, refusal } from "../verdict.ts";
import { ruled } from "./entry.ts";
import { isUnknown } from "./guard.ts";
import type { Programs } from "./program.ts";

const CURL = options(
  "-sSiIvkfLgN46#G -o: -d: -w: -m: -H: -X: -A: -e: -r: -y: -Y: --silent --show-error --include --head --verbose --insecure --fail " +
    "--fail-with-body --location --globoff --no-buffer --ipv4 --ipv6 --http1.0 --http1.1 --http2 --http2-prior-knowledge " +
    "--compressed --tlsv1.2 --tlsv1.3 --path-as-is --no-progress-meter --no-keepalive --retry-connrefused --retry-all-errors " +
    "--output= --write-out= --max-time= --connect-timeout= --header= --request= --user-agent= --referer= --range= --retry= " +
    "--retry-delay= --retry-max-time= --max-filesize= --limit-rate= --cacert= --capath= --url= --max-redirs= --noproxy= -u: --user= " +
    "--get --data= --data-raw= --data-urlencode= --unix-socket= --resolve=",
);
const WGET = options(
  "-qSvd46 -O: -T: -t: -U: -w: ~nv --quiet --server-response --spider --verbose --no-verbose --no-check-certificate " +
    "--inet4-only --inet6-only --no-hsts --no-proxy --output-document= --timeout= --tries= --user-agent= --header= --method= " +
    "--max-redirect= --connect-timeout= --read-timeout= --dns-timeout= --content-on-error",
);
/** Where an answer may go: nowhere, or to the output. */
const SINKS = new Set(["-", "/dev/null", "/dev/stdout"]);
/** Credentials of a cloud machine are behind these addresses. */
const METADATA = /^(https?:\/\/)?(169\.254\.169\.254|169\.254\.170\.2|100\.100\.100\.200|metadata\b|\[?fd00:ec2::254)/i;
const LOOPBACK = new RegExp(
  `^(https?://)?(localhost|127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}|\\[::1\\])(:(\\d{1,5}|${NUMBER}))?(/[^\\s{}\\[\\]@\\\\]*)?$`,
  "i",
);
/** A plain address: no user, no port that is not known, nothing that curl would expand. */
const PLAIN = /^(https?:\/\/)?[\w.-]+(:\d{1,5})?([/?#][^\s{}[\]]*)?$/i;

/** Some services act on a GET: Tomcat's manager, Jolokia, Solr, servers of older fashion. */
const ACTS = new RegExp(
  "^[^?#]*/[-_]?(quit\\w*|shutdown|halt|exit|stop|start|restart|reload|undeploy|deploy|exec|write|delete|remove|drop|kill|abort|" +
    "reset|flush|clear|purge|drain|unload|logLevel)(/|[?#]|$)|" +
    "[?&](_method|action|cmd|command|stream\\.body|commit)=(?!(CLUSTER)?STATUS\\b|LIST\\b)",
  "i",
);

type Spec = { readonly program: string; readonly options: Options };

const urlsOf = ({ operands, options }: Parsed): readonly string[] => [
  ...operands,
  ...options.filter(([name]) => name === "url").map(([, url]) => url),
];

function requestRule(spec: Spec, sinks: (parsed: Parsed) => Refusal | undefined): Rule {
  return (args) => {
    const parsed = only(spec.program, spec.options, args);
    if ("rule" in parsed) return parsed;
    return parsed.options.map(([name, value]) => optionRefusal(spec.program, name, value)).find((each) =>
      each !== undefined
    ) ??
      sinks(parsed) ?? urlsOf(parsed).map((url) => urlRefusal(spec.program, url)).find((each) => each !== undefined);
  };
}

function optionRefusal(program: string, name: string, value: string): Refusal | undefined {
  if (/^(X|request|method)$/.test(name) && !/^(GET|HEAD)$/.test(value)) {
    return refusal(`${program}/method`, `${program} ${show(value)} is refused: only GET and HEAD read.`);
  }
  if (/^(o|O|output|output-document)$/.test(name) && !SINKS.has(value)) {
    return refusal(
      `${program}/output`,
      `${program} may not write ${show(value)}: leave the option out, or use /dev/null.`,
    );
  }
  if (/^(w|write-out)$/.test(name) && program === "curl" && (/%output|^@/.test(value) || !isLiteral(value))) {
    return refusal(`${program}/output`, "A format that names a file is refused.");
  }
  if (/^(H|header|A|user-agent|e|referer|u|user)$/.test(name) && (/^@/.test(value) || !isLiteral(value))) {
    return refusal(`${program}/header`, "A header from a file, or one that is not known, is refused: write it out.");
  }
  if (/^(H|header)$/.test(name) && /^x-(http-)?method/i.test(value.trim())) {
    return refusal(`${program}/method`, `${show(value)} makes another request of a GET.`);
  }
  if (/^(cacert|capath)$/.test(name) && !/^\/etc\//.test(value)) {
    return refusal(`${program}/option`, "Certificates are only taken from /etc.");
  }
  return undefined;
}

/** What is sent must be known; to this host only the path and the port may be open. */
function urlRefusal(program: string, url: string): Refusal | undefined {
  if (METADATA.test(url)) {
    return refusal(`${program}/metadata`, "This address hands out credentials of the machine.", "cat /etc/resolv.conf");
  }
  if (LOOPBACK.test(url) || (isLiteral(url) && PLAIN.test(url))) return undefined;
  return refusal(
    `${program}/url`,
    `${
      show(url)
    } is refused: only http and https, in quotes, without user and patterns, and to other hosts only fixed text.`,
  );
}

const DATA = /^(d|data(-raw|-urlencode)?)$/;
const DOCKER = /^\/(var\/)?run\/(docker|podman\/podman)\.sock$/;
const RESOLVED = /^(\w[\w.-]*:\d{1,5}):(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

const optionValues = ({ options }: Parsed, pattern: RegExp): readonly string[] =>
  options.filter(([name]) => pattern.test(name)).map(([, value]) => value);

/** Data only as a part of the address (-G), never out of a file; sockets and addresses only of this host. */
function curlSink(parsed: Parsed): Refusal | undefined {
  const data = optionValues(parsed, DATA);
  const got = parsed.options.some(([name]) => name === "G" || name === "get");
  if (data.length > 0 && !got) return refusal("curl/method", "curl sends data with a POST: with -G it is a GET.");
  if (data.some((value) => !isLiteral(value) || /^[^=]*@/.test(value))) {
    return refusal("curl/data", "What is asked for must stand in the line, not in a file.");
  }
  const socket = optionValues(parsed, /^unix-socket$/).find((path) => !DOCKER.test(path));
  if (socket !== undefined) {
    return refusal("curl/socket", `${show(socket)} is refused: only a container engine reads by GET alone.`);
  }
  const resolved = optionValues(parsed, /^resolve$/).find((value) => !RESOLVED.test(value));
  return resolved === undefined ? undefined : refusal("curl/resolve", `${show(resolved)} is no address of this host.`);
}

/** Whether a request stays on this host: by its address, through a socket, or because the name is told to mean it. */
function staysOnHost(parsed: Parsed, url: string): boolean {
  if (LOOPBACK.test(url) || optionValues(parsed, /^unix-socket$/).length > 0) return true;
  const [, tls, host = "", given] = /^http(s)?:\/\/(\w[\w.-]*)(?::(\d{1,5}))?(?:[/?][^\s{}[\]@\\]*)?$/.exec(url) ?? [];
  const port = given ?? (tls === undefined ? "80" : "443");
  return optionValues(parsed, /^resolve$/).some((value) => RESOLVED.exec(value)?.[1] === `${host}:${port}`);
}

function requestApproval(spec: Spec): Rule {
  return (args) => {
    const parsed = only(spec.program, spec.options, args);
    if ("rule" in parsed) return undefined;
    const alternative = `${spec.program === "curl" ? "curl -sS" : "wget -qO- --max-redirect=0"} http://127.0.0.1/`;
    const away = urlsOf(parsed).find((url) => !staysOnHost(parsed, url));
    if (away !== undefined) {
      return refusal(
        `${spec.program}/host`,
        `${show(away)} is another host: an operator has to agree.`,
        alternative,
      );
    }
    if (optionValues(parsed, /^unix-socket$/).length > 0) {
      return refusal(
        "curl/socket",
        "The engine obeys whoever reaches its socket: an operator has to agree.",
        "docker ps -a",
      );
    }
    const asked = [...urlsOf(parsed), ...optionValues(parsed, DATA).map((data) => `?${data}`)];
    // An unquoted ? is a pattern to the shell, and what is not known may be anything.
    const acting = asked.find((text) => ACTS.test(text.replaceAll(GLOB, "?")) || isUnknown(text));
    if (acting !== undefined) {
      return refusal(
        `${spec.program}/action`,
        `${show(acting)} may do something although it is only got: an operator has to agree.`,
        alternative,
      );
    }
    return undefined;
  };
}

/** An answer of this host must not lead to another one. */
function staysHere(spec: Spec, text: string): (args: readonly string[]) => Rewrite | undefined {
  return (args) => {
    const parsed = only(spec.program, spec.options, args);
    return "rule" in parsed || urlsOf(parsed).length === 0 || !followsRedirects(spec.program, parsed)
      ? undefined
      : withOptions(`${spec.program}/redirect`, "A redirection may lead to another host: none is followed.", text);
  };
}

/** wget follows unless it is told not to, curl only when it is told to. */
function followsRedirects(program: string, { options }: Parsed): boolean {
  return program === "wget"
    ? !options.some(([name, value]) => name === "max-redirect" && value === "0")
    : options.some(([name]) => name === "L" || name === "location") &&
      options.findLast(([name]) => name === "max-redirs")?.[1] !== "0";
}

const CURL_SPEC: Spec = { program: "curl", options: CURL };
const WGET_SPEC: Spec = { program: "wget", options: WGET };

/** Without -O - or --spider it writes a file named after the address. */
function wgetSink({ options }: Parsed): Refusal | undefined {
  return options.some(([name]) => /^(O|output-document|spider)$/.test(name))
    ? undefined
    : refusal("wget/output", 'wget writes a file: use "wget -qO- URL" or --spider.');
}

export const HTTP_PROGRAMS: Programs = {
  ...ruled("curl", [requestRule(CURL_SPEC, curlSink)], {
    needs: (args) => ({ local_sockets: args.some((arg) => arg.startsWith("--unix-socket")) }),
    approval: requestApproval(CURL_SPEC),
    rewrite: staysHere(CURL_SPEC, "--max-redirs 0"),
    instead: "curl -sS http://127.0.0.1/",
  }),
  ...ruled("wget", [requestRule(WGET_SPEC, wgetSink)], {
    approval: requestApproval(WGET_SPEC),
    rewrite: staysHere(WGET_SPEC, "--max-redirect=0"),
    instead: "wget -qO- --max-redirect=0 http://127.0.0.1/",
  }),
};
