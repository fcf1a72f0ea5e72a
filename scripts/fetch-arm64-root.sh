#!/usr/bin/env bash
# Prints a folder with the root of an arm64 Debian, of this host's release: what the tests' arm64 machine runs
# (tests/support/vm.ts), and the headers and libraries to compile for it on any machine. Deno is there as /usr/bin/deno.
#
# Unpacked only, nothing of it is run or configured. Kept outside the tree; made anew when this script changes.
set -euo pipefail
root=$(readlink -f "$0") && root=${root%/scripts/*}
. "$root/scripts/common.sh"
. "$root/scripts/apt.sh"
apt_architecture=arm64

# What runs there, then what is compiled with; apt adds what these need.
packages=(bash dash coreutils findutils grep sed mawk tar util-linux mount procps iproute2 libc-bin libc-l10n
  busybox-static binutils bpftool libc6-dev linux-libc-dev libgcc-12-dev zlib1g-dev libzstd-dev)
# npm's newest for arm64: of the same line as $deno_version, which npm has for x86-64 only.
arm64_deno_version=2.9.5

# Downloads the packages with all that they need to FOLDER/cache/archives: for apt, nothing is installed there.
download_packages() {
  debian_source deb main "$(. /etc/os-release && echo "$VERSION_CODENAME")" >"$1/sources.list"
  private_apt "$1" apt-get update
  private_apt "$1" apt-get install -y --download-only --no-install-recommends "${packages[@]}"
}

unpack() {
  local to=$1 folder package
  for folder in bin sbin lib; do
    mkdir -p "$to/usr/$folder"
    ln -s "usr/$folder" "$to/$folder"
  done
  for package in "$work"/apt/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$to"
  done
  mkdir -p "$to"/{dev,proc,sys,run,tmp,root}
  chmod 1777 "$to/tmp"
  echo vm >"$to/etc/hostname"
  ln -sf dash "$to/bin/sh"
  ln -sf mawk "$to/bin/awk"
}

fetch_deno() {
  local to=$1
  (cd "$work" && npm pack --silent "@deno/linux-arm64-glibc@$arm64_deno_version" >/dev/null 2>&1 </dev/null) || return 1
  tar -xf "$work"/deno-linux-arm64-glibc-*.tgz -C "$work"
  install -m 755 "$work/package/deno" "$to/usr/bin/deno"
}

mkdir -p "$cache"
exec 9>"$cache/arm64-root.lock"
flock 9
made=$cache/arm64-root-$(sha256sum "$root/scripts/fetch-arm64-root.sh" | cut -c1-8)
if [ ! -e "$made" ]; then
  command -v npm >/dev/null || die "Cannot fetch an arm64 root: npm is missing. Install nodejs and npm, then run this again."
  say "fetching an arm64 root (Debian, and Deno from npm)"
  work=$(mktemp -d "$cache/arm64-root.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/apt" "$work/root"
  download_packages "$work/apt" >"$work/log" 2>&1 ||
    { tail -n 5 "$work/log" >&2; die "Cannot fetch an arm64 root: Debian's arm64 packages cannot be had, as shown above."; }
  unpack "$work/root"
  fetch_deno "$work/root" || die "Cannot fetch an arm64 root: npm has no @deno/linux-arm64-glibc@$arm64_deno_version."
  mv "$work/root" "$made"
fi
echo "$made"
