/** Why well-known programs are not on the list, and what to ask instead. */
import { type Refusal, refusal } from "../verdict.ts";

interface Reason {
  readonly names: string;
  readonly rule: string;
  readonly reason: string;
  /** A line that only reads, for all of them; for one of them it stands in {@linkcode INSTEAD}. */
  readonly instead?: string;
}

const REASONS: readonly Reason[] = [
  {
    names:
      "eval source . exec sh bash dash zsh ksh fish csh tcsh ash rbash busybox toybox python python2 python3 perl ruby node php lua " +
      "tclsh expect script nsenter chroot unshare ssh setpriv runuser su doas pkexec systemd-run systemd-nspawn setarch linux64 linux32 " +
      "flock parallel unbuffer proot fakeroot firejail bwrap dbus-run-session start-stop-daemon entr make gcc cc " +
      "go cargo deno bun java m4 ex ed vi vim nvim nano emacs view pg man info gdb dc mksh posh pwsh osascript rustc",
    rule: "program/runs-anything",
    reason: "it runs whatever it is given; ask for the inner command itself",
  },
  {
    names:
      "tee cp mv rm rmdir mkdir touch ln install truncate chmod chown chgrp rsync scp sftp unlink shred split csplit mknod mkfifo " +
      "mktemp fallocate setfacl setfattr setcap chattr rename patch sponge link zip rar mkfs mke2fs mkswap blkdiscard fstrim " +
      "xfs_growfs fsck badblocks partprobe growpart ddrescue updatedb depmod " +
      "dracut update-initramfs mkinitrd",
    rule: "program/writes",
    reason: "it changes files or disks; what goes into it can be printed instead",
    instead: "ls -la /tmp",
  },
  {
    names:
      "pkill killall skill snice reboot shutdown halt poweroff init telinit modprobe insmod rmmod umount swapoff renice " +
      "kexec ipcrm useradd usermod userdel groupadd groupmod groupdel chpasswd gpasswd chsh chfn vipw adduser deluser ntpdate " +
      "setenforce restorecon chcon setsebool update-rc.d invoke-rc.d rc-service openrc ifup ifdown dhclient dhcpcd " +
      "iptables-restore ip6tables-restore nft-restore netplan vconfig ip-up tunctl sysrq wall write mesg adjtimex " +
      "update-grub grub-install grub2-mkconfig efivar nvram setpci wrmsr rdmsr rtcwake pm-suspend chcpu chmem swaplabel tuned-adm " +
      "cgexec cgset cgcreate cgdelete schedtool authconfig pam-auth-update certutil update-ca-certificates",
    rule: "program/changes-system",
    reason: "it changes the system; put it into the resolution plan",
    instead: "ps aux",
  },
  {
    names:
      "ftp lftp tftp telnet rsh rlogin rexec nc.traditional svn hg mail mailx sendmail mutt swaks logger aws gcloud az doctl " +
      "oci rclone s3cmd gsutil terraform ansible ansible-playbook ab wrk hping3 iperf iperf3 http https aria2c axel w3m lynx links elinks",
    rule: "program/leaves-host",
    reason: "it sends something to other hosts",
    instead: "nc -zv -w 3 127.0.0.1 80",
  },
  {
    names: "nohup setsid disown bg fg batch screen tmux daemonize",
    rule: "program/endless",
    reason: "it outlives the command",
  },
  {
    names: "atop btop bashtop glances nmon bmon iptraf-ng powertop iotop-curses bpytop nvtop ctop",
    rule: "program/terminal",
    reason: "it draws on a terminal",
    instead: "top -b -n 1",
  },
  {
    names: "cd pushd popd",
    rule: "program/directory",
    reason: "commands run in /; give paths in full",
    instead: "ls -la /var/log",
  },
  {
    names:
      "export set unset trap alias unalias declare local readonly typeset let shift hash enable builtin shopt umask complete bind",
    rule: "program/shell-state",
    reason: "it changes how the shell reads the rest",
    instead: "env",
  },
  {
    names:
      "strace ltrace perf bpftrace tcptrack sysdig trace-cmd stap crash gcore gstack pstack jstack jmap jcmd eu-stack criu",
    rule: "program/traces",
    reason: "ask for an eBPF program instead, which sees the same without stopping anything",
    instead: "cat /proc/1/wchan /proc/1/status",
  },
  {
    names: "ldd",
    rule: "program/runs-anything",
    reason: "it runs the program's own loader",
    instead: "readelf -d /bin/ls",
  },
  {
    names: "dbus-send gdbus dbus-monitor qdbus",
    rule: "program/changes-system",
    reason: "a message to a service can change it",
    instead: "busctl list --no-pager",
  },
];

/** What answers the same question as one of them. */
const INSTEAD: Readonly<Record<string, string>> = {
  nsenter: "cat /proc/1/net/tcp",
  chroot: "ls -la /var/lib",
  history: "last",
  view: "cat /etc/hosts",
  vi: "cat /etc/hosts",
  vim: "cat /etc/hosts",
  nano: "cat /etc/hosts",
  pkill: "ps -fp 1",
  umount: "findmnt",
  modprobe: "lsmod",
  fsck: "dumpe2fs -h /dev/sda1",
  badblocks: "smartctl -a /dev/sda",
  fstrim: "lsblk -D",
  setenforce: "getenforce",
  cd: "ls -la /var/log",
  tee: "cat /etc/hosts",
  script: "cat /etc/hosts",
  jstack: "cat /proc/1/status",
  logger: "journalctl --no-pager -n 20",
  watch: "cat /proc/loadavg",
};

/** The rule and the reason for a program that is not on the list, and a line that reads where there is one. */
export function notListed(name: string): Refusal {
  const known = REASONS.find((entry) => entry.names.split(" ").includes(name));
  return refusal(
    known?.rule ?? "program/not-listed",
    `${name} is not on the list of programs that only read${known === undefined ? "." : `: ${known.reason}.`}`,
    INSTEAD[name] ?? known?.instead,
  );
}
