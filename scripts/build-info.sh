#!/usr/bin/env bash
# Prints what a build was made from, for `ktriage --version --json`: scripts/build-info.sh x86_64|aarch64
set -euo pipefail
root=$(readlink -f "$0") && root=${root%/scripts/*}
. "$root/scripts/common.sh"

# The commit is named as such only when the tree is that commit.
commit=$(git -C "$root" rev-parse HEAD 2>/dev/null) || commit=unknown
[ -z "$(git -C "$root" status --porcelain 2>/dev/null)" ] || commit=$commit-changed
libbpf=$(sed -n 's/^libbpf=libbpf-\([0-9.]*\).*/\1/p' "$root/scripts/build-libbpf.sh")
clang=$(clang --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')
printf '{"target":"%s","commit":"%s","libbpf":"%s","clang":"%s"}\n' "$1" "$commit" "$libbpf" "$clang"
