#!/bin/busybox sh
# First process of a test's virtual machine (tests/support/vm.ts): makes the host's root, which it may read, a root that
# it may write, runs /line there, and hands back what it printed, how it ended, and the files it left in /run/vm/files.
/bin/busybox --install -s /bin
export PATH=/bin
fail() {
  echo "vm: $*" >/dev/console
  poweroff -f
}

if [ "$1" != in-root ]; then
  mount -t proc proc /proc
  mount -t sysfs sys /sys
  mount -t devtmpfs dev /dev 2>/dev/null # Debian's kernels may have done it
  while read -r module; do insmod "/modules/$module" || fail "cannot load $module"; done </modules/order
  mount -t virtiofs -o ro host /host || fail "cannot mount the host's root"
  mount -t tmpfs -o size=80%,mode=755 upper /upper
  mkdir /upper/files /upper/work
  mount -t overlay -o lowerdir=/host,upperdir=/upper/files,workdir=/upper/work root /root || fail "cannot mount the root"
  for folder in proc sys dev; do mount --move "/$folder" "/root/$folder"; done
  mount -t tmpfs -o mode=755 run /root/run
  mkdir -p /root/run/lock /root/run/vm/files
  cp /bin/busybox /init /line /env /root/run/vm/
  exec switch_root /root /run/vm/busybox sh /run/vm/init in-root
fi

# What an init system would mount; tracefs and the others are there on every host that ktriage is for.
for folder in pts shm mqueue; do mkdir -p /dev/$folder; done
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tracefs tracefs /sys/kernel/tracing
mount -t securityfs securityfs /sys/kernel/security
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ln -sf /proc/self/fd /dev/fd
ln -sf fd/0 /dev/stdin
ln -sf fd/1 /dev/stdout
ln -sf fd/2 /dev/stderr
hostname vm
ifconfig lo 127.0.0.1 up

# The ports to the host, by the names that QEMU was given.
for port in /sys/class/virtio-ports/*; do
  read -r name <"$port/name"
  ln -s "/dev/${port##*/}" "/run/vm/$name"
done
mkfifo /run/vm/stdout /run/vm/stderr
# A port can be open once only: the line gets pipes.
cat /run/vm/stdout >/run/vm/port_out &
out=$!
cat /run/vm/stderr >/run/vm/port_err &
err=$!
(
  . /run/vm/env
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  cd "$VM_FOLDER" || exit 125
  exec setsid /bin/sh /run/vm/line
) </dev/null >/run/vm/stdout 2>/run/vm/stderr
status=$?
# What the line left running may hold the pipes.
(sleep 5; kill $out $err) 2>/dev/null &
wait $out $err
tar -c -C /run/vm/files . >/run/vm/port_files
echo $status >/run/vm/port_status
sync
poweroff -f
