# shellcheck shell=bash disable=SC2034 # what is unused here is used where this is sourced
# Sourced by the other scripts: where things are, and how they talk. Nothing is done here.
# scripts/ktriage does without it, to start fast.

root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
# What can be fetched or built again lives outside the tree, so that clones share it.
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ktriage
deno_version=2.9.6
deno=$cache/deno-$deno_version/deno
export DENO_NO_UPDATE_CHECK=1

# Progress and errors go to stderr: stdout belongs to ktriage's own results.
say() { printf 'ktriage: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }
