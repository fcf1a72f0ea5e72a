/** What the network did to a request, in words: names, connections, proxies, TLS. */
import { ModelError, type ModelErrorReason } from "../model.ts";
import { excerpt, WITHOUT_GATEWAY } from "./error_text.ts";

interface Explanation {
  readonly what: string;
  readonly hint: string;
  readonly reason: ModelErrorReason;
}

type Rule = readonly [RegExp, (url: URL, found: RegExpExecArray) => Explanation];

const RUNNING = "See that the gateway runs there and that NANNYAPI_ENDPOINT names it";

/** The first rule that matches explains it: what is narrow stands before what is wide. */
const RULES: readonly Rule[] = [
  [/requests to port (\d+) are blocked/i, (_, [, port]) => ({
    what: `Deno refuses port ${port}, which belongs to another protocol`,
    hint: "Let the gateway listen on another port, for example 3000",
    reason: "connection",
  })],
  [/proxy authentication required/i, () => ({
    what: "the proxy wants a user and a password",
    hint: "Put them into HTTPS_PROXY: http://user:password@proxy:3128, or name the gateway's host in NO_PROXY",
    reason: "proxy",
  })],
  [/proxy|tunnel|unsuccessful/i, (url) => ({
    what: `the proxy that ${proxyVariable(url) ?? "the environment"} names does not let it through`,
    hint: "Check that proxy, or name the gateway's host in NO_PROXY",
    reason: "proxy",
  })],
  [/dns error|failed to lookup/i, (url) => {
    const proxy = proxyVariable(url);
    return {
      what: `the name ${url.hostname}${
        proxy === undefined ? "" : `, or that of the proxy in ${proxy},`
      } does not resolve`,
      hint:
        "Check the host name in NANNYAPI_ENDPOINT and this host's name resolution (it may be the very fault you look for)",
      reason: "dns",
    };
  }],
  [/connection refused/i, (url) => {
    const proxy = proxyVariable(url);
    return {
      what: proxy === undefined
        ? "connection refused, nothing listens there"
        : `connection refused, there or by the proxy in ${proxy}`,
      hint: RUNNING,
      reason: "connection",
    };
  }],
  [/unreachable|no route to host|timed out/i, () => ({
    what: "no way leads there (a route or a firewall)",
    hint: "Check the address in NANNYAPI_ENDPOINT, routes and firewalls (it may be the very fault you look for)",
    reason: "connection",
  })],
  [/certificate not valid for name "?([^";]+)"?(?:; certificate is only valid for (.*?))?$/i, (url, [, , names]) => ({
    what: `its TLS certificate is for ${namesIn(names)}, not for ${url.hostname}`,
    hint: "Write a name that the certificate has into NANNYAPI_ENDPOINT",
    reason: "tls",
  })],
  [/certificate: Expired/i, () => ({
    what: "its TLS certificate has expired",
    hint: `Renew it. If it is valid, this host's clock is wrong: it says ${new Date().toISOString().slice(0, 16)} UTC`,
    reason: "tls",
  })],
  [/certificate: NotValidYet/i, () => ({
    what: "its TLS certificate is not valid yet",
    hint: `This host's clock says ${new Date().toISOString().slice(0, 16)} UTC: set it, if that is wrong`,
    reason: "tls",
  })],
  [/UnknownIssuer|certificate/i, () => ({
    what: "its TLS certificate is not signed by an authority that this host trusts",
    hint: "Set --ca or NANNYAPI_CA_FILE to the PEM file of the authority that signed it",
    reason: "tls",
  })],
  [/InvalidContentType|corrupt message/i, () => ({
    what: "it does not speak TLS there",
    hint: "See whether NANNYAPI_ENDPOINT must begin with http:// instead",
    reason: "tls",
  })],
  [/tls|handshake/i, () => ({
    what: "no TLS connection came about",
    hint: "See whether NANNYAPI_ENDPOINT must begin with http:// instead, and which TLS versions the gateway takes",
    reason: "tls",
  })],
  [/invalid HTTP version|invalid http/i, () => ({
    what: "what answers there is not HTTP",
    hint: "See whether NANNYAPI_ENDPOINT must begin with https:// instead",
    reason: "tls",
  })],
  [/connection (closed|reset)|reading a body|broken pipe|unexpected end|incomplete/i, () => ({
    what: "the connection broke before the answer was complete",
    hint: "See the gateway's log",
    reason: "connection",
  })],
];

/** The network lost the request: nothing listens, the name does not resolve, TLS fails, the connection broke. */
export function unreachable(url: URL, error: unknown): ModelError {
  const { what, hint, reason } = explain(url, errorTexts(error));
  return new ModelError(`Cannot reach the gateway at ${url}: ${what}.`, `${hint}, or ${WITHOUT_GATEWAY}.`, {
    cause: error,
    reason,
  });
}

function explain(url: URL, texts: readonly string[]): Explanation {
  // The URL and the name stand in the text, and may hold any word.
  const name = new RegExp(`(?<![\\w.-])${RegExp.escape(url.hostname)}(?![\\w.-])`, "g");
  const text = texts.join(": ").replaceAll(url.href, "").replaceAll(name, "HOST");
  for (const [pattern, explanation] of RULES) {
    const found = pattern.exec(text);
    if (found !== null) return explanation(url, found);
  }
  return { what: excerpt(texts.at(-1) ?? "unknown network error"), hint: RUNNING, reason: "connection" };
}

/** The variable that names a proxy for requests of this kind, as Deno reads them; NO_PROXY may still except the host. */
export function proxyVariable(url: URL): string | undefined {
  const names = [url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY", "ALL_PROXY"];
  return names.flatMap((name) => [name, name.toLowerCase()]).find((name) => (Deno.env.get(name) ?? "") !== "");
}

/** The names in rustls' words, such as `DnsName("a.example") or IpAddress(...)`. */
function namesIn(text: string | undefined): string {
  const names = [...(text ?? "").matchAll(/"([^"]+)"/g)].map(([, name]) => name);
  return names.length === 0 ? "another name" : names.join(", ");
}

/** The messages of an error and its causes, outermost first. */
function errorTexts(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [String(error)];
  return error.cause === undefined ? [error.message] : [error.message, ...errorTexts(error.cause)];
}
