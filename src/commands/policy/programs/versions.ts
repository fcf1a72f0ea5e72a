/** Programs that may only say which version they are: anything else they do is refused. */
import { withOptions } from "../rewrites.ts";
import { refusal } from "../verdict.ts";
import { ruled } from "./entry.ts";
import { notListed } from "./refused.ts";
import type { Programs } from "./program.ts";

/** What makes each of them print its version and nothing else. */
const FLAGS: Readonly<Record<string, string>> = {
  "-V": "python python3 python2 ssh tmux screen cmake postgres lua",
  "-v": "perl node ruby php redis-server named mongod rustc unbound",
  "-version": "java javac ant catalina",
  "version":
    "go terraform k3s minikube kubeadm kubelet containerd buildah skopeo caddy traefik prometheus grafana-server etcd",
  "":
    "bash gcc g++ cc clang make cargo rustc mvn gradle mysqld mariadbd postgres mongod rsync gdb strace ltrace perf bpftrace vim " +
    "nano emacs screen ansible puppet chef-client salt-minion zabbix_agentd node_exporter filebeat telegraf containerd runc " +
    "crun dockerd kubelet qemu-system-x86_64 libvirtd keepalived pgbouncer sudoedit memcached mosquitto rustup deno bun " +
    "openvpn iperf3 rasdaemon opensm uwsgi waagent parallel getopt chronyd opendkim renice",
};
/** Programs that report about themselves with other words too. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  php: ["-v", "-m", "-i", "--ini"],
  perl: ["-v", "-V"],
  go: ["version"],
  java: ["-version", "-XshowSettings:vm -version", "-XX:+PrintFlagsFinal -version"],
  python3: ["-V", "-VV", "-m pip list", "-m pip freeze"],
  dockerd: ["--version", "-v"],
  gcc: ["-v"],
  perf: ["--version", "version"],
  keepalived: ["-v", "--version"],
  "apt-key": ["list"],
};

/** It prints what it reads from its input or one file. */
const JSON_TOOL =
  /^(-I )?-m json\.tool( --(sort-keys|json-lines|compact|no-ensure-ascii|tab|no-indent|indent \d))*( (-|\/[\w./-]+))?$/;
const isJsonTool = (name: string, args: readonly string[]): boolean =>
  name === "python3" && JSON_TOOL.test(args.join(" "));

function entryOf(name: string): Programs {
  const own = Object.entries(FLAGS).filter(([, names]) => names.split(" ").includes(name)).map(([flag]) => flag);
  const asked = new Set([...own, ...MORE[name] ?? []].filter((flag) => flag !== ""));
  return ruled(name, [(args) => {
    if (asked.has(args.join(" ")) || isJsonTool(name, args) || (args.length === 1 && args[0] === "--version")) {
      return undefined;
    }
    const { rule, reason, alternative } = notListed(name);
    return refusal(rule, reason, alternative ?? `${name} --version`);
  }], {
    files: (args) => isJsonTool(name, args) ? args.filter((arg) => arg.startsWith("/")) : [],
    rewrite: (args) => isJsonTool(name, args) && args[0] !== "-I" ? ISOLATED : undefined,
  });
}

/** Modules of the directory that a line works in, and of the user, would be found first. */
const ISOLATED = withOptions("python3/isolated", "python3 takes only its own modules here.", "-I");

const NAMES = [...new Set([...Object.values(FLAGS).flatMap((names) => names.split(" ")), ...Object.keys(MORE)])];

export const VERSION_PROGRAMS: Programs = Object.assign({}, ...NAMES.map(entryOf));
