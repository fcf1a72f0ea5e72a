/** Log, taint, clock, units, certificates, reboots. */
import { certificates } from "../../../../src/snapshot/collectors/certificates.ts";
import { clock } from "../../../../src/snapshot/collectors/clock.ts";
import { kernelLogErrors } from "../../../../src/snapshot/collectors/kernel_log.ts";
import { reboot } from "../../../../src/snapshot/collectors/reboot.ts";
import { taint } from "../../../../src/snapshot/collectors/taint.ts";
import { units } from "../../../../src/snapshot/collectors/units.ts";
import { makeAuthority } from "../../../support/certificates.ts";
import { type Case, stat, tcp } from "./case.ts";

const NOW_MS = 1_700_000_000_000, DAY_MS = 86_400_000;
const BOOT = { "/proc/sys/kernel/random/boot_id": "boot-1\n", "/proc/uptime": "5000.00 9000.00\n" };
const NO_LINK = { "/sys/class/net/eno1/carrier": "0\n" };
const UNSYNCHRONISED = { synchronised: false, offset_s: 0, max_error_s: 16 };

/** Messages a minute before the window's end, by priority 3 of the kernel. */
function log(name: string, messages: readonly string[], told: readonly string[]): Case {
  const text = messages.map((message, at) => `3,${900 + at},4940000000,-;${message}\n SUBSYSTEM=x\n`).join("");
  return { name, collector: kernelLogErrors, host: { start: { ...BOOT, ...NO_LINK, "/dev/kmsg": text } }, told };
}

function time(name: string, files: Record<string, string>, told: readonly string[]): Case {
  return { name, collector: clock, host: { start: { ...BOOT, ...files }, clock: UNSYNCHRONISED }, told };
}

function installed(name: string, releases: readonly string[], waits_days: number, told: readonly string[]): Case {
  const [running] = releases;
  const files = Object.fromEntries(releases.map((release) => [`/lib/modules/${release}/modules.dep`, ""]));
  const newest = `/lib/modules/${releases.at(-1)}/modules.dep`;
  return {
    name,
    collector: reboot,
    host: {
      start: { "/proc/sys/kernel/osrelease": `${running}\n`, ...files },
      now_ms: NOW_MS,
      facts: { [newest]: { modified_ms: NOW_MS - waits_days * DAY_MS } },
    },
    told,
  };
}

using authority = makeAuthority();

/** A certificate that is made now; the host's clock is as much later as it has aged. */
function serving(name: string, days: { readonly life: number; readonly left: number }, told: readonly string[]): Case {
  const { cert } = authority.sign("DNS:shop.example", days.life);
  return {
    name,
    collector: certificates,
    host: {
      now_ms: Date.now() + (days.life - days.left) * DAY_MS,
      start: {
        "/proc/net/tcp": tcp([{ port: 443, waiting: 0, inode: 4711 }]),
        "/proc/77/stat": stat(77, { name: "haproxy" }),
        "/proc/77/fd/9": { link: "socket:[4711]" },
        "/proc/77/cmdline": "haproxy\0-f\0--crt=/etc/site.pem\0",
        "/proc/77/root/etc/site.pem": new TextEncoder().encode(cert),
      },
    },
    told,
  };
}

export const SYSTEM_CASES: readonly Case[] = [
  log("a log of a healthy host", [
    "EXT4-fs (sda1): mounted filesystem with ordered data mode. Opts: errors=remount-ro",
    "mce: CPU supports 10 MCE banks",
    "mce: [Hardware Error]: Machine check events logged",
    "e1000e 0000:00:1f.6 eno1: NIC Link is Up 1000 Mbps Full Duplex",
    "ata3: SATA link down (SStatus 0 SControl 300)",
    "I/O error, dev fd0, sector 0 op 0x0:(READ)",
    "EDAC MC: Ver: 3.0.0",
    "deno[1]: segfault at 0 ip 0000 sp 0000 error 4 in deno[1+2]",
    'audit: type=1400 apparmor="DENIED" name="I/O error"',
  ], []),
  log("a task that hangs", ["INFO: task jbd2/sda1-8:301 blocked for more than 120 seconds."], [
    "kernel_log.hung_task jbd2/sda1-8 warning",
  ]),
  log("a CPU that does not come back", ["watchdog: BUG: soft lockup - CPU#3 stuck for 23s! [stress:99]"], [
    "kernel_log.lockup critical",
  ]),
  log("a kernel with a fault", ["BUG: kernel NULL pointer dereference, address: 0000000000000008"], [
    "kernel_log.crash critical",
  ]),
  log("a failing disk (Linux 6) and another (3.10)", [
    "I/O error, dev sda, sector 1953 op 0x0:(READ) flags 0x80700 phys_seg 1 prio class 2",
    "end_request: I/O error, dev sdb, sector 63",
    "Buffer I/O error on dev sda1, logical block 12, lost async page write",
  ], ["kernel_log.io_error sda, sdb, sda1 critical"]),
  log("a damaged file system", [
    "EXT4-fs error (device sda1): ext4_lookup:1785: inode #2: comm ls: deleted inode referenced: 99",
  ], [
    "kernel_log.filesystem_error critical",
  ]),
  log(
    "a failing module of memory",
    ["EDAC MC0: 1 CE memory read error on CPU_SrcID#0_MC#0_Chan#0_DIMM#0 (channel:0)"],
    ["kernel_log.hardware_corrected warning"],
  ),
  log("a cable that was pulled", ["igb 0000:03:00.0 eno1: igb: eno1 NIC Link is Down"], [
    "kernel_log.link_down eno1 warning",
  ]),
  log("a firewall that drops", ["nf_conntrack: nf_conntrack: table full, dropping packet"], [
    "kernel_log.table_full critical",
  ]),
  log("a kernel without memory", ["nginx: page allocation failure: order:4, mode:0x40dc0(GFP_KERNEL)"], [
    "kernel_log.allocation_failure warning",
  ]),
  log("a CPU that is hot", ["CPU3: Core temperature above threshold, cpu clock throttled (total events = 1)"], [
    "kernel_log.overheating warning",
  ]),
  log("a program that crashes again and again", [
    "shop[1]: segfault at 0 ip 1",
    "shop[2]: segfault at 0 ip 1",
    "shop[3]: segfault at 0 ip 1",
  ], [
    "kernel_log.segfault shop warning",
  ]),
  log("three programs that crashed once", [
    "a[1]: segfault at 0 ip 1",
    "b[2]: segfault at 0 ip 1",
    "c[3]: segfault at 0 ip 1",
  ], []),
  {
    name: "a log whose errors were told in the last snapshot, and one whose program wrote like the kernel",
    collector: kernelLogErrors,
    host: {
      start: {
        ...BOOT,
        "/dev/kmsg":
          "3,900,4940000000,-;I/O error, dev sda, sector 1\n11,901,4950000000,-;I/O error, dev sda, sector 1\n",
      },
      remembered: { boot_id: "boot-1", sequence: 900 },
    },
    told: [],
  },
  {
    name: "a log of another boot, an hour after this one",
    collector: kernelLogErrors,
    host: {
      start: { ...BOOT, "/dev/kmsg": "3,900,1000000,-;I/O error, dev sda, sector 1\n" },
      remembered: { boot_id: "boot-0", sequence: 5 },
    },
    told: [],
  },
  {
    name: "a kernel that died in a task, and has foreign modules",
    collector: taint,
    host: { start: { "/proc/sys/kernel/tainted": `${(1 << 7) + (1 << 12) + 1}\n` } },
    told: ["kernel.taint D warning"],
  },
  {
    name: "a kernel with foreign modules, a warning and a live patch",
    collector: taint,
    host: { start: { "/proc/sys/kernel/tainted": `${1 + (1 << 9) + (1 << 12) + (1 << 13) + (1 << 15)}\n` } },
    told: [],
  },
  time("a time daemon that does not reach its servers", { "/proc/9/stat": stat(9, { name: "systemd-timesyn" }) }, [
    "clock.unsynchronised warning",
  ]),
  time("a time daemon that has just started", {
    "/proc/9/stat": stat(9, { name: "systemd-timesyn", start_ticks: 480_000 }),
  }, []),
  time("a guest that has its time from the hypervisor", {}, []),
  time("a chronyd that does not tell the kernel", {
    "/proc/9/stat": stat(9, { name: "chronyd" }),
    "/etc/chrony.conf": "pool x\n#rtcsync\n",
  }, []),
  time("a chronyd that tells the kernel", {
    "/proc/9/stat": stat(9, { name: "chronyd" }),
    "/etc/chrony/chrony.conf": "pool x\nrtcsync\n",
  }, [
    "clock.unsynchronised warning",
  ]),
  {
    name: "a clock that was set back by an hour",
    collector: clock,
    host: {
      start: BOOT,
      jump_s: -3600,
      clock: { synchronised: true, offset_s: 0, max_error_s: 0.01 },
    },
    told: ["clock.jump warning"],
  },
  {
    name: "a host so busy that half a minute passed between two collectors",
    collector: clock,
    host: {
      start: BOOT,
      end: { "/proc/uptime": "5040.00 9000.00\n" },
      jump_s: 30,
      clock: { synchronised: true, offset_s: 0, max_error_s: 0.01 },
    },
    told: [],
  },
  {
    name: "a host with failed units",
    collector: units,
    host: {
      start: { "/run/systemd/system/x": "" },
      output: "nginx.service                loaded failed     failed       A high performance web server\n" +
        "● old.mount                  not-found failed     failed       old.mount\n" +
        "shop@1.service               loaded activating auto-restart Shop\n" +
        "ssh.service                  loaded active     running      OpenBSD Secure Shell server\n",
    },
    told: [
      "unit.restarting shop@1.service warning",
      "unit.failed nginx.service warning",
      "unit.failed old.mount warning",
    ],
  },
  {
    name: "a host without systemd",
    collector: units,
    host: { start: {}, output: "x.service loaded failed failed X\n" },
    told: [],
  },
  installed(
    "a Debian whose new kernel has waited for a month",
    ["6.1.0-9-amd64", "6.1.0-10-rt-amd64", "6.1.0-21-amd64"],
    30,
    ["reboot.pending warning"],
  ),
  installed(
    "a RHEL whose new kernel was installed yesterday",
    ["5.14.0-427.el9.x86_64", "5.14.0-503.el9.x86_64"],
    1,
    [],
  ),
  installed("a host with an older kernel beside the running one", ["6.1.0-21-amd64", "6.1.0-9-amd64"], 300, []),
  installed("a host with a kernel of another flavour", ["6.1.0-21-amd64", "6.1.0-22-cloud-amd64"], 300, []),
  {
    name: "an Ubuntu that has asked for a reboot for a month",
    collector: reboot,
    host: {
      start: {
        "/proc/sys/kernel/osrelease": "6.8.0-40-generic\n",
        "/run/reboot-required": "*** System restart required ***\n",
        "/run/reboot-required.pkgs": "libc6\nlinux-base\nlibc6\n",
      },
      now_ms: NOW_MS,
      facts: { "/run/reboot-required": { modified_ms: NOW_MS - 30 * DAY_MS } },
    },
    told: ["reboot.pending warning"],
  },
  serving("a certificate that ends in five days", { life: 90, left: 5 }, [
    "certificate.expiring /etc/site.pem warning",
  ]),
  {
    name: "an nginx in a container that read its certificate when it started, and has closed it",
    collector: certificates,
    host: {
      now_ms: Date.now() + 85 * DAY_MS,
      start: {
        "/proc/net/tcp": tcp([{ port: 443, waiting: 0, inode: 4711 }]),
        "/proc/77/stat": stat(77, { name: "nginx" }),
        "/proc/77/fd/9": { link: "socket:[4711]" },
        "/proc/self/ns/mnt": { link: "mnt:[1]" },
        "/proc/77/ns/mnt": { link: "mnt:[2]" },
        "/proc/78/ns/mnt": { link: "mnt:[2]" },
        "/proc/78/stat": stat(78, { name: "nginx", parent: 77 }),
        "/proc/78/fd/9": { link: "socket:[4711]" },
        "/proc/77/root/etc/nginx/nginx.conf": "http {\n  include conf.d/*;\n  # ssl_certificate /etc/old.pem;\n}\n",
        "/proc/77/root/etc/nginx/sites-enabled/shop":
          "server {\n  ssl_certificate /etc/ssl/shop/fullchain;\n  ssl_certificate_key /etc/ssl/shop/key;\n}\n",
        "/proc/77/root/etc/ssl/shop/fullchain": new TextEncoder().encode(authority.sign("DNS:shop.example", 90).cert),
      },
    },
    told: ["certificate.expiring /etc/ssl/shop/fullchain warning"],
  },
  serving("a certificate that ended", { life: 90, left: -1 }, ["certificate.expiring /etc/site.pem critical"]),
  serving("a certificate of 90 days that is renewed in time", { life: 90, left: 30 }, []),
  serving("a certificate of six days, two days before its end", { life: 6, left: 2 }, []),
];
