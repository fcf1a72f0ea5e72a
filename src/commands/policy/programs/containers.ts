/** Container engines, clusters and virtual machines: what they can be asked without changing anything. */
import { given, leading, options, type Rule } from "../arguments.ts";
import { mayHideOption, show } from "../marks.ts";
import { refusal } from "../verdict.ts";
import { commands, endless, listed, SOCKETS } from "./entry.ts";
import { ENGINE_SOCKET, KUBECONFIGS, valuesOf } from "./guard.ts";
import type { Bound, Inner, Program, Programs } from "./program.ts";

/** Options of lists and logs that podman and nerdctl share with docker; the others of theirs are global and can run programs. */
const LISTING =
  "-aqlspt --all --quiet --format= --no-trunc --filter= --latest --size --sort= --no-stream --pod --ns --digests " +
  "--timestamps --names --tail= --since= --until= --type= -n: --last= --noheading --follow";
const LOGS = LISTING + " -f";

const follows = (program: string, verbs: RegExp) => (args: readonly string[]): Bound | undefined => {
  const verb = args.filter((arg) => !arg.startsWith("-")).slice(0, 2).join(" ");
  const hidden = args.some(mayHideOption);
  if (/^(container |pod |compose )?logs/.test(verb) || verbs.test(verb)) {
    return hidden || given(args, options("-fw -ncol: --follow --watch --watch-only")) ? endless(program) : undefined;
  }
  if (/^(container |pod )?stats/.test(verb)) return args.includes("--no-stream") ? undefined : endless(program);
  const events = /^(system )?events/.test(verb) && program !== "kubectl";
  return events && !args.some((arg) => arg.startsWith("--until")) ? endless(program) : undefined;
};

/** `exec` in a container: an operator agrees to a command that the policy would also let run here. */
const EXEC = options("-it -u: -w: -n: -c: --interactive --tty --user= --workdir= --namespace= --container= --stdin");

function execRule(program: string): Rule {
  return (args) => {
    const parsed = leading(program, EXEC, args);
    if ("rule" in parsed) return { ...parsed, alternative: EXEC_INSTEAD[program] ?? "docker top web" };
    return innerOf(program, args).length > 0
      ? undefined
      : refusal(`${program}/exec`, `${program} exec is refused without a command behind the name of the container.`);
  };
}

function innerOf(program: string, args: readonly string[]): readonly string[] {
  const parsed = leading(program, EXEC, args);
  if ("rule" in parsed) return [];
  const [, ...rest] = parsed.operands;
  const dashes = rest.indexOf("--");
  if (dashes >= 0) return execOptionsOnly(program, rest.slice(0, dashes)) ? rest.slice(dashes + 1) : [];
  return rest;
}

/** `kubectl exec POD -c NAME -- COMMAND` */
function execOptionsOnly(program: string, args: readonly string[]): boolean {
  const parsed = leading(program, EXEC, args);
  return !("rule" in parsed) && parsed.operands.length === 0;
}

/** Where `exec` stands, behind options before it; undefined when the line is about something else. */
function execArguments(program: string, args: readonly string[]): readonly string[] | undefined {
  const parsed = leading(program, options("-n: --namespace="), args);
  return "rule" in parsed || parsed.operands[0] !== "exec" ? undefined : parsed.operands.slice(1);
}

/** Adds `exec` to the entries of a program. */
function withExec(programs: Programs): Programs {
  return Object.fromEntries(
    Object.entries(programs).map(([name, program]) => [name, {
      ...program,
      rule: (args: readonly string[]) => {
        const exec = execArguments(name, args);
        return exec === undefined ? program.rule?.(args) : execRule(name)(exec);
      },
      runs: (args: readonly string[]): Inner => ({ command: innerOf(name, execArguments(name, args) ?? []) }),
      approval: (args: readonly string[]) =>
        execArguments(name, args) === undefined ? program.approval?.(args) : refusal(
          `${name}/exec`,
          `${name} exec runs a program of the container, which may be another than the one of this name here: an operator ` +
            "has to agree.",
          EXEC_INSTEAD[name],
        ),
    }]),
  );
}

const EXEC_INSTEAD: Readonly<Record<string, string>> = {
  docker: "docker top web",
  podman: "podman top web",
  kubectl: "kubectl describe pod web",
};

/** A configuration can name a program that hands out credentials; `--raw` is a GET, which can still open a session. */
function kubectlRule(args: readonly string[]): ReturnType<Rule> {
  for (const [index, arg] of args.entries()) {
    const [name = "", value = args[index + 1] ?? ""] = arg.split(/=(.*)/s);
    if (name === "--kubeconfig" && !KUBECONFIGS.test(value)) {
      return refusal("kubectl/credentials", `kubectl ${show(arg)} is refused: it goes elsewhere or runs a program.`);
    }
    if (/-file(=|$)/.test(arg)) {
      return refusal("kubectl/file", `kubectl ${show(arg)} is refused: a template stands in the line.`);
    }
    if (
      name === "--raw" &&
      (!value.startsWith("/") ||
        /exec|attach|portforward|proxy\b(?!\/(stats\/summary|metrics(\/cadvisor)?|healthz|configz)$)|[^\w./?=&:,\uE003-]/
          .test(value))
    ) {
      return refusal("kubectl/raw", `kubectl ${show(arg)} is refused: only addresses that report are read.`);
    }
  }
  return undefined;
}

/** Whole secrets, or all that the cluster knows, among it its secrets. */
function kubectlApproval(args: readonly string[]): ReturnType<Rule> {
  const secrets = args.some((arg) => /^(\w+,)*secrets?([./,]|$)/i.test(arg));
  const whole = args.some((arg) => /^(-o|--output|--template)(?!=?(name|wide)$)/.test(arg));
  const raw = args.some((arg) => /\/secrets\b/.test(arg));
  return raw || (secrets && whole && args.includes("get"))
    ? refusal("file/secret", "This shows keys and passwords of the cluster: an operator has to agree.", SECRETS_INSTEAD)
    : undefined;
}
const SECRETS_INSTEAD = "kubectl get secrets -A";

/** Only the names of keys, or their number; values may be secrets. */
function etcdApproval(args: readonly string[]): ReturnType<Rule> {
  return args.includes("get") && !args.some((arg) => arg === "--keys-only" || arg === "--count-only")
    ? refusal("file/secret", "Values of etcd may be keys and passwords: an operator has to agree.", ETCD_INSTEAD)
    : undefined;
}
const ETCD_INSTEAD = "etcdctl get / --prefix --keys-only --limit=20";

const KUBECTL = "-A -n: -l: -L: -o: --all-namespaces --namespace= --output= --selector= --field-selector= --sort-by= " +
  "--show-labels --no-headers --watch --watch-only --chunk-size= --raw= --template= --request-timeout= --kubeconfig= " +
  "--show-managed-fields --show-events --ignore-not-found --label-columns= --show-kind --server-print= --subresource=";

const PODMAN: Readonly<Record<string, string>> = {
  "ps,images,inspect,top,version,info,port,diff,history,network ls,network inspect,volume ls": LISTING,
  "volume inspect,container ls,container inspect,container top,image ls,image inspect,system df,system info": LISTING,
  "pod ps,pod inspect,pod stats,pod top,stats,container stats": LISTING,
  "logs,container logs,pod logs": LOGS,
  "events,system events": "--since= --until= --format= --filter= --stream --no-trunc",
};

/** Files of projects lie where administrators keep them; elsewhere somebody else may have written one. */
const PROJECT_FILE = /^\/(etc|opt|srv|root|home|data|usr\/local|var\/lib)\/(?!.*\.\.)[\w./-]+\.ya?ml$/;

/** `docker compose -f FILE -p NAME ps` is judged as `docker compose ps`. */
function withoutProject(program: string, args: readonly string[]): readonly string[] {
  const start = program === "docker" ? 1 : 0;
  if (start > 0 && args[0] !== "compose") return args;
  let at = start;
  for (; /^(-[fp]|--file|--project-name)$/.test(args[at] ?? ""); at += 2) {
    const value = args[at + 1] ?? "";
    if (!(/^--?f/.test(args[at] ?? "") ? PROJECT_FILE : /^[\w-]+$/).test(value)) break;
  }
  return [...args.slice(0, start), ...args.slice(at)];
}

/** Entries that are asked as if no project were named. */
function ofProjects(programs: Programs): Programs {
  const entries = Object.entries(programs).map(([name, program]): [string, Program] => [name, {
    ...program,
    rule: (args) => program.rule?.(withoutProject(name, args)),
    bound: (args) => program.bound?.(withoutProject(name, args)),
  }]);
  return Object.fromEntries(entries);
}

export const CONTAINER_PROGRAMS: Programs = {
  ...withExec({
    ...ofProjects(commands("docker", "", {
      "ps,images,inspect,logs,stats,top,version,info,port,diff,history,events,network ls,network inspect,volume ls":
        "*",
      "volume inspect,container ls,container inspect,container logs,container top,container port,container stats": "*",
      "container list,container diff,image ls,image inspect,image history,system df,system info,system events": "*",
      "compose ps,compose logs,compose ls,compose top,compose images,compose version,context ls,context show": "*",
      "node ls,node ps,node inspect,service ls,service ps,service inspect,service logs,stack ls,stack ps": "*",
      "stack services,plugin ls,plugin inspect,buildx du,buildx ls": "*",
    }, {
      needs: SOCKETS,
      bound: follows("docker", /^(service logs|compose logs|container logs)/),
      instead: "docker ps -a",
    })),
    ...commands("podman", "", PODMAN, {
      needs: SOCKETS,
      bound: follows("podman", /^container logs/),
      instead: "podman ps -a",
    }),
    ...commands("nerdctl", "--namespace= -n:", PODMAN, {
      needs: SOCKETS,
      bound: follows("nerdctl", /^container logs/),
      instead: "nerdctl ps -a",
    }),
    ...commands("kubectl oc", KUBECTL, {
      "get": "-wR",
      "auth can-i": "--list --as= --as-group= --subresource= -q --quiet",
      "describe,api-resources,api-versions,explain,events,cluster-info!,auth whoami,options": "-wR --recursive " +
        "--api-group= --verbs= --namespaced --types= --for= --list --api-version=",
      "logs":
        "--follow --previous --container= --all-containers --tail= --since= --since-time= --timestamps --limit-bytes= " +
        "--prefix --max-log-requests= --pod-running-timeout= -f -p -c:",
      "top,top node,top nodes,top pod,top pods": "--containers --sum --use-protocol-buffers",
      "version": "--client --short",
      "rollout status,rollout history": "-w --timeout= --revision=",
      "config view,config get-contexts,config current-context!,config get-clusters!": "--minify",
    }, {
      needs: SOCKETS,
      rules: [kubectlRule],
      approval: kubectlApproval,
      bound: follows("kubectl", /^(get|events|rollout)/),
      instead: "kubectl get pods -A -o wide",
    }),
  }),
  ...ofProjects(commands("docker-compose", "", { "ps,logs,top,images,ls,version": "*" }, {
    needs: SOCKETS,
    bound: follows("docker", /^$/),
    instead: "docker compose ps",
  })),
  ...commands("crictl", "-t: -r: -i: --timeout= --runtime-endpoint= --image-endpoint=", {
    "ps,pods,images,inspect,inspectp,inspecti,stats,statsp,info,version,imagefsinfo":
      "-aqv -o: --output= --name= --state= " +
      "--no-trunc --all --quiet --verbose --label= --namespace= --pod= --latest -l -p: --id=",
    "logs": "-ft -p --tail= --since= --timestamps --follow --previous",
  }, { needs: SOCKETS, rules: [engineHere], bound: follows("crictl", /^$/), instead: "crictl ps -a" }),
  ...commands("ctr", "-n: --namespace=", {
    "containers ls,containers list,containers info,c ls,images ls,images list,i ls,tasks ls,tasks list,t ls,tasks ps":
      "-q",
    "namespaces ls,ns ls,version,snapshots ls,snapshots list,content ls,leases ls,plugins ls": "-q",
    "events": "",
  }, {
    needs: SOCKETS,
    bound: (args) => args.includes("events") ? endless("ctr") : undefined,
    instead: "ctr containers ls",
  }),
  ...commands("kubeadm", "", { "certs check-expiration!,version": "-o: --output=" }, {
    instead: "kubeadm version",
  }),
  ...commands("helm", "-n: --namespace=", {
    "list,ls,status,history,get values,get manifest,get notes,get hooks,get all,get metadata,version,repo list,env":
      "-Aaqd -o: --all-namespaces --all --output= --revision= --max= --failed --pending --deployed --filter= --short",
  }, { instead: "helm list -A" }),
  ...commands("virsh", "-rq --readonly --quiet", {
    "list,dominfo,domstate,domblklist,domblkstat,domblkinfo,domblkerror,domiflist,domifstat,domifaddr,dommemstat": "*",
    "domstats,domjobinfo,domcontrol,domdisplay,domid,domname,domuuid,vcpuinfo,vcpucount,cpu-stats,dumpxml,nodeinfo":
      "*",
    "nodecpustats,nodememstats,nodelist,net-list,net-info,net-dumpxml,net-dhcp-leases,pool-list,pool-info,pool-dumpxml":
      "*",
    "vol-list,vol-info,iface-list,iface-dumpxml,snapshot-list,snapshot-info,capabilities,version,hostname,sysinfo,freecell":
      "*",
  }, { needs: SOCKETS, rules: [oneVirsh], instead: "virsh list --all" }),
  ...commands("lxc incus", "", {
    "list,ls,info,version,config show,network list,network show,network info,storage list,storage info,image list,profile list":
      "-c: -f: --format= --columns= --resources --show-log --expanded -e --all-projects",
  }, { needs: SOCKETS, instead: "lxc list" }),
  ...listed("lxc-ls", "-1f --fancy --active --running --stopped -F:"),
  ...listed("lxc-info", "-n: -sipSH --name= --state --pid --ips --stats"),
  ...commands(
    "etcdctl",
    "-w: --endpoints= --cacert= --cert= --key= --write-out= --cluster --command-timeout= --dial-timeout=",
    {
      "endpoint health,endpoint status,endpoint hashkv,member list,alarm list!,version!": "",
      "get": "--prefix --keys-only --limit= --count-only --print-value-only --from-key",
    },
    { approval: etcdApproval, instead: "etcdctl endpoint status" },
  ),
  ...commands("consul", "", {
    "members,info,operator raft list-peers,catalog nodes,catalog services,version": "~detailed ~wan",
  }, {
    instead: "consul members",
  }),
  ...commands("vault", "", { "status,version!,operator raft list-peers!": "~format: --format=" }, {
    instead: "vault status",
  }),
  ...commands("nomad", "", {
    "status,node status,server members,job status,alloc status,alloc logs,version!,agent-info":
      "~verbose ~short ~stderr ~tail ~n: ~f",
  }, { bound: (args) => args.includes("-f") ? endless("nomad") : undefined, instead: "nomad status" }),
};

/** An engine of this host is asked, at the socket that it has. */
function engineHere(args: readonly string[]): ReturnType<Rule> {
  const named = [...valuesOf(args, "r", "runtime-endpoint"), ...valuesOf(args, "i", "image-endpoint")];
  const other = named.find((socket) => !ENGINE_SOCKET.test(socket));
  return other === undefined ? undefined : refusal("crictl/socket", `${show(other)} is no engine of this host.`);
}

/** virsh takes several commands apart by `;` and reads further ones from a terminal. */
function oneVirsh(args: readonly string[]): ReturnType<Rule> {
  if (args.some((arg) => mayHideOption(arg))) return refusal("argument/unknown", "What virsh gets here is not known.");
  return args.some((arg) => /^;|;$/.test(arg) || arg === "--update-memory" || /[;\n]/.test(arg) || arg === "--set")
    ? refusal("virsh/command", "virsh with several commands in one line is refused.")
    : undefined;
}
