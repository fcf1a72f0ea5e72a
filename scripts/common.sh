# shellcheck shell=sh disable=SC2034,SC2154 # what is unused here is used where this is sourced, with $root set
# Sourced by the other scripts: where things are, and how they talk. Nothing is done here, so that it costs no time.

# What can be fetched or built again lives outside the tree, so that clones share it.
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ktriage
deno_version=2.9.6
deno=$cache/deno-$deno_version/deno
# What Deno keeps of the bundle when it runs from the tree: without, it parses all of it at each start (0.2 s, 45 MB).
deno_dir=$cache/deno-dir
# The gateway that tests talk to, in a Python environment of its own.
tensorzero_version=2026.6.0
tensorzero=$cache/tensorzero-$tensorzero_version
# What says whether Prometheus would take a file of ours.
promtool=$cache/promtool
export DENO_NO_UPDATE_CHECK=1

# What bounds ktriage's own memory and threads, for every way in which it is started: V8 computes on one thread, where it
# would take one more for each CPU of the host, throws what is short-lived away early, collects the rest in one go (50 ms;
# bit by bit on that one thread, it comes too late: 27 MB more in a diagnosis), and ends at this heap in MB.
v8_flags=--single-threaded,--no-incremental-marking,--max-semi-space-size=2,--max-old-space-size=256

build=$root/build
# Written by scripts/build after everything else; what is newer than it has changed since.
stamp=$build/.stamp

# Progress and errors go to stderr: stdout belongs to ktriage's own results.
say() { printf 'ktriage: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# Whether everything that a run needs is built from what stands in the tree now. A folder is newer when a file came or went.
is_built() {
  [ -x "$deno" ] && [ -e "$stamp" ] &&
    [ -z "$(find "$root/main.ts" "$root/src" "$root/prompts" "$root/bpf" "$root/scripts" "$root/deno.json" "$root/deno.lock" \
      -newer "$stamp" -print -quit)" ]
}
