#!/usr/bin/env bash
# Prints a folder with the user land of a Debian release that has nothing but its C library and what that depends on: no
# shell, no program, no configuration. Tests run the package in it.
#
#   scripts/fetch-debian-root.sh 11|12|13
#
# Unpacked only, for this host's architecture. Kept outside the tree; made anew when this script changes.
set -euo pipefail
umask 022
root=$(readlink -f "$0") && root=${root%/scripts/*}
. "$root/scripts/common.sh"
. "$root/scripts/apt.sh"

case ${1:-} in
  11) suite=bullseye ;;
  12) suite=bookworm ;;
  13) suite=trixie ;;
  *) die "Usage: scripts/fetch-debian-root.sh 11|12|13" ;;
esac
# What of the packages no program reads when it runs.
left_out=(--exclude=./usr/share --exclude='*/gconv')

# The mirror keeps an older release until it moves to Debian's archive; its last updates are among the security ones.
download_packages() {
  debian_source deb main "$suite" >"$1/sources.list"
  debian_source deb security "$suite-security" >>"$1/sources.list"
  private_apt "$1" apt-get update || say "not every list of Debian $release can be had; what there is must do"
  private_apt "$1" apt-get install -y --download-only --no-install-recommends libc6
}

# As Debian installs all three of them: /lib and the like are links into /usr.
unpack() {
  local to=$1 folder package
  for folder in bin sbin lib lib64; do
    mkdir -p "$to/usr/$folder"
    ln -s "usr/$folder" "$to/$folder"
  done
  for package in "$work"/apt/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink "${left_out[@]}" -C "$to"
  done
  mkdir "$to"/{dev,proc,sys}
}

release=$1
mkdir -p "$cache"
exec 9>"$cache/debian-root.lock"
flock 9
made=$cache/debian-$release-$(sha256sum "$root/scripts/fetch-debian-root.sh" | cut -c1-8)
if [ ! -e "$made" ]; then
  say "fetching the C library of Debian $release"
  work=$(mktemp -d "$cache/debian-$release.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/apt" "$work/root"
  chmod 755 "$work/root"
  download_packages "$work/apt" >"$work/log" 2>&1 ||
    { tail -n 5 "$work/log" >&2; die "Cannot fetch the C library of Debian $release: no mirror that apt knows has it, as shown above."; }
  unpack "$work/root"
  mv "$work/root" "$made"
fi
echo "$made"
