/** Container and cluster programs: what they can be asked without changing anything. */
import { type Rule, without } from "../arguments.ts";
import { show } from "../marks.ts";
import { refusal } from "../verdict.ts";
import { limited, type Programs } from "./program.ts";

/** Verbs of one word, and of two (`network ls`). */
const DOCKER_READS = ["ps", "images", "inspect", "logs", "stats", "top", "version", "info", "port", "diff", "history"]
  .concat(["network ls", "network inspect", "volume ls", "volume inspect", "container ls", "container inspect"])
  .concat([
    "container logs",
    "container top",
    "container port",
    "image ls",
    "image inspect",
    "system df",
    "system info",
  ])
  .concat(["compose ps", "compose logs", "compose ls", "compose top", "pod ps", "pod inspect"]);
const CRICTL_READS = ["ps", "pods", "images", "inspect", "inspectp", "logs", "stats", "info", "version"];
const KUBECTL_READS = ["get", "describe", "logs", "top", "version", "api-resources", "events", "explain"];

function dockerRule(args: readonly string[]): ReturnType<Rule> {
  const [first = "", second = ""] = args;
  if (!DOCKER_READS.includes(first) && !DOCKER_READS.includes(`${first} ${second}`)) {
    return refusal(
      "docker/verb",
      `docker ${show(first)} is not on the list of what only reads: ${DOCKER_READS.join(", ")}.`,
    );
  }
  if (first !== "stats" || args.includes("--no-stream")) return undefined;
  return refusal("docker/endless", "docker stats never ends: add --no-stream.");
}

/** The verb comes first, or behind the namespace; other global options name other clusters and credentials. */
function kubectlRule(args: readonly string[]): ReturnType<Rule> {
  const rest = args.slice(
    /^(-n|--namespace)$/.test(args[0] ?? "") ? 2 : /^(-n|--namespace=)./.test(args[0] ?? "") ? 1 : 0,
  );
  if (KUBECTL_READS.includes(rest[0] ?? "")) return undefined;
  return refusal(
    "kubectl/verb",
    `kubectl ${show(rest[0] ?? "")} is not on the list of what only reads: ${KUBECTL_READS.join(", ")}.`,
  );
}

const follow = (program: string, letters: string): Rule =>
  without(`${program}/endless`, { letters, valued: "ncl", long: ["follow", "watch", "watch-only"] }, "it never ends");

/** `docker ps -f` filters, `docker logs -f` follows. */
const followLogs: Rule = (args) => args.includes("logs") ? follow("docker", "f")(args) : undefined;

export const CONTAINER_PROGRAMS: Programs = {
  ...limited(["docker", "podman"], dockerRule, followLogs),
  ...limited(["crictl"], (args) =>
    CRICTL_READS.includes(args[0] ?? "") ? undefined : refusal(
      "crictl/verb",
      `crictl ${show(args[0] ?? "")} is not on the list of what only reads: ${CRICTL_READS.join(", ")}.`,
    ), followLogs),
  ...limited(
    ["kubectl"],
    kubectlRule,
    follow("kubectl", "w"),
    (args) => args.includes("logs") ? follow("kubectl", "f")(args) : undefined,
    without("kubectl/credentials", {
      letters: "s",
      valued: "nolLfc",
      long: ["kubeconfig", "server", "token", "as", "raw"],
    }, "it goes elsewhere"),
  ),
};
