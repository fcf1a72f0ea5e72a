/** How guards are written: what single arguments of programs do although the rest of their entry only reads. */
import { TEXT, WORDS } from "../marks.ts";

export interface Guard {
  readonly programs: string;
  readonly rule: string;
  readonly why: string;
  readonly instead: string;
  /** True when these arguments may do it. */
  readonly found: (args: readonly string[]) => boolean;
}

export const some = (pattern: RegExp) => (args: readonly string[]): boolean => args.some((arg) => pattern.test(arg));
export const isUnknown = (arg: string): boolean => arg.includes(TEXT) || arg.includes(WORDS);
/** Options whose value is a configuration: it can name modules, logs and programs. */
export const configuredBy = (letters: string) => (args: readonly string[]): boolean =>
  [...letters].some((letter) => valuesOf(args, letter, letter).some((path) => !isConfiguration(path)));
export const isConfiguration = (path: string): boolean =>
  /^\/(etc|usr|opt)\/[\w./-]+$/.test(path) && !path.includes("..");

/** Where distributions of Kubernetes keep the configuration of root's client. */
export const KUBECONFIGS = new RegExp(
  "^(/etc/kubernetes/(admin|kubelet|super-admin)\\.conf|/etc/rancher/(k3s/k3s|rke2/rke2)\\.yaml|" +
    "/var/lib/kubelet/kubeconfig|/root/\\.kube/config)$",
);
/** Where container engines of this host listen. */
export const ENGINE_SOCKET = new RegExp(
  "^(unix://)?/(var/)?run/(containerd/containerd|crio/crio|cri-dockerd|dockershim|k3s/containerd/containerd)\\.sock$",
);

export const HERE = /^(localhost|127\.\d+\.\d+\.\d+|::1|\/[\w./-]+)$/;
export const HERE_URL = /^(https?:\/\/)?(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

/** The values of an option that is a letter (attached or not) or a long name. */
export function valuesOf(args: readonly string[], letter: string, long: string): string[] {
  return args.flatMap((arg, index) => {
    if (arg === `--${long}` || new RegExp(`^-[a-zA-Z0-9]*${letter}$`).test(arg)) return [args[index + 1] ?? ""];
    if (arg.startsWith(`--${long}=`)) return [arg.slice(long.length + 3)];
    const attached = new RegExp(`^-[a-zA-Z0-9]*?${letter}(.+)$`, "s").exec(arg)?.[1];
    return attached === undefined || arg.startsWith("--") ? [] : [attached];
  });
}
