#!/usr/bin/env bash
# clang for arm64, on any machine: with the headers and libraries of the root from scripts/fetch-arm64-root.sh.
set -euo pipefail
sysroot=$("$(dirname "$(readlink -f "$0")")/fetch-arm64-root.sh")
exec clang --target=aarch64-linux-gnu "--sysroot=$sysroot" -fuse-ld=lld -Wno-unused-command-line-argument "$@"
