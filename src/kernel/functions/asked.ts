/** What a target says of a function. */

export interface Asked {
  /** As it was written, without the type of the probe. */
  readonly asked: string;
  readonly name: string;
  /** `vmlinux` for the kernel itself. */
  readonly module?: string;
}

/** A target that cannot be a function. */
export interface NoFunction {
  readonly asked: string;
  readonly error: string;
  readonly hint: string;
}

/** Words before the name that say how to probe it, not what; also those of other tools. */
const TYPES = /^(kprobe|kretprobe|fentry|fexit|kfunc|kretfunc|k|kr|p|r)[:/]/;

/**
 * Takes `tcp_connect`, `kprobe:tcp_connect`, `vmlinux:tcp_connect`, `tcp_connect [module]`, `tcp_connect()`, a name
 * with a compiler's suffix, and patterns.
 */
export function parseAsked(target: string): Asked | NoFunction {
  const asked = target.trim().replace(TYPES, "").trim();
  const text = asked.replace(/\(\)$/, "");
  if (text === "") {
    return { asked, error: "Cannot probe a function: no target is named.", hint: "Name one, for example tcp_connect." };
  }
  const [, in_front, name, behind] = /^(?:([\w-]+)[:/])?([\w.*?]+)(?:\s+\[([\w-]+)\])?$/.exec(text) ?? [];
  if (name === undefined) return refuse(asked);
  const module = in_front ?? behind;
  return { asked, name, ...(module === undefined ? {} : { module: moduleName(module) }) };
}

/** A module's file may have a dash where its name has an underscore. */
function moduleName(text: string): string {
  return text === "kernel" ? "vmlinux" : text.replaceAll("-", "_");
}

function refuse(asked: string): NoFunction {
  const [, at] = /^([\w.:]+)\+(?:0x[0-9a-f]+|\d+)$/i.exec(asked) ?? [];
  if (at !== undefined) {
    return {
      asked,
      error: `Cannot probe ${asked}: an instruction inside of a function is not probed, only entry and return.`,
      hint: `Ask for ${at}.`,
    };
  }
  return {
    asked,
    error: `Cannot probe ${asked}: this is no function's name.`,
    hint: "Name one, for example tcp_connect.",
  };
}
