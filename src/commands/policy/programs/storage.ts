/** Programs that report on disks, volumes and file systems. */
import { atMost, given, only, options, type Rule } from "../arguments.ts";
import { refusal } from "../verdict.ts";
import { commands, endless, follows, listed, needsOne, reports, ruled, SOCKETS } from "./entry.ts";
import { counted } from "./processes.ts";
import type { Programs } from "./program.ts";

const nothing = (program: string, why: string): Rule => atMost(program, 0, why);

/** Commands that go to the disk itself, and the device mapper's. */
const TO_DISK = { capabilities: ["SYS_RAWIO", "SYS_ADMIN"] } as const;
const TO_MAPPER = { capabilities: ["SYS_ADMIN"] } as const;

const SMART =
  "-aHiAcxjV -l: -d: -n: -g: -q: -f: --all --health --info --attributes --capabilities --xall --scan --scan-open " +
  "--json --log= --device= --nocheck= --get= --format=";

/** Some logs are settings: `-l scterc,70,70` sets a time limit. */
function smartRule(args: readonly string[]): ReturnType<Rule> {
  const parsed = only("smartctl", options(SMART), args);
  if ("rule" in parsed) return parsed;
  const setting = parsed.options.find(([name, value]) =>
    (name === "l" || name === "log") &&
    !/^(\w+|(error|selftest|xerror|xselftest|devstat|ssd|gplog|smartlog|nvmelog),[\w,]+)$/.test(value)
  );
  return setting === undefined
    ? undefined
    : refusal("smartctl/change", `smartctl -l ${setting[1]} is refused: it sets or resets something.`);
}

const LVM =
  "-avPm -o: -O: -S: -c -s --all --verbose --segments --noheadings --nosuffix --units= --separator= --options= " +
  "--sort= --select= --reportformat= --readonly --maps --columns --partial --unquoted --rows";

export const STORAGE_PROGRAMS: Programs = {
  ...reports("df lsblk lsscsi lsiscsi"),
  ...listed("arcstat", "-avxpzh -f: -s:", { bound: counted("arcstat", "fs") }),
  ...listed("partx", "-srbgP -o: -n: -t: --show --output= --nr= --raw --bytes --noheadings --pairs", {
    rules: [needsOne("partx", "-s --show", "is refused without -s: it would change the kernel's partitions")],
    instead: "partx -s /dev/sda",
  }),
  ...listed("wipefs", "-niJp --no-act --noheadings --json --parsable", {
    rules: [needsOne("wipefs", "-n --no-act", "is refused without -n: it could erase")],
    instead: "lsblk -f",
  }),
  ...listed("e4defrag", "-cv", {
    rules: [needsOne("e4defrag", "-c", "is refused without -c: it would move data")],
    instead: "e4defrag -c /var",
  }),
  ...listed("filefrag", "-vbksxeX", { files: "operands" }),
  ...commands("cryptsetup", "-v --verbose", { "status,isLuks,luksUUID": "" }, { instead: "lsblk -f" }),
  ...listed("xfs_quota", "-x -c:", {
    rules: [
      (args) =>
        args.every((arg, index) =>
            args[index - 1] !== "-c" || /^(report|df|free|print|state|quota)( [\w -]*)?$/.test(arg)
          ) &&
          args.includes("-c") && args.every((arg) => !/^-x?c./.test(arg))
          ? undefined
          : refusal("xfs_quota/change", "xfs_quota only takes report, df, free, print, state and quota."),
    ],
    instead: "xfs_info /",
  }),
  ...listed("systool", "-avdpDAP -b: -c: -m:"),
  ...listed("xfs_db", "-rf -c:", {
    rules: [
      (args) =>
        args.some((arg) => /^-\w*r/.test(arg)) &&
          args.every((arg, index) =>
            args[index - 1] !== "-c" ||
            /^(frag( -f)?|freesp( -[sd])*|info|version|sb 0|agf \d+|agi \d+|p|print|uuid|label)$/.test(arg)
          ) && args.every((arg) => !/^-c./.test(arg))
          ? undefined
          : refusal(
            "xfs_db/change",
            "xfs_db is refused without -r, or with commands other than frag, freesp and info.",
          ),
    ],
    instead: "xfs_info /",
  }),
  ...listed("xfs_spaceman", "-c:", {
    rules: [
      (args) =>
        args[0] === "-c" && args.length === 3 && /^(freesp( -[sgd])*|info|health( -[acf])*)$/.test(args[1] ?? "")
          ? undefined
          : refusal("xfs_spaceman/change", 'xfs_spaceman is refused except as -c "freesp -s" or -c info.'),
    ],
    instead: "xfs_info /",
  }),
  ...listed("xfs_repair", "-nvP", {
    rules: [needsOne("xfs_repair", "-n", "is refused without -n: it would change the file system")],
    instead: "xfs_repair -n /dev/sda1",
  }),
  ...listed("e2fsck fsck.ext2 fsck.ext3 fsck.ext4", "-nfv", {
    rules: [needsOne("e2fsck", "-n", "is refused without -n: it would change the file system")],
    instead: "e2fsck -n /dev/sda1",
  }),
  ...listed("resize2fs", "-P", {
    operands: atMost("resize2fs", 1, "it would change the size"),
    rules: [needsOne("resize2fs", "-P", "is refused without -P: it would change the size")],
    instead: "resize2fs -P /dev/sda1",
  }),
  ...ruled("debugfs", [debugfsRule], { instead: "debugfs -R stats /dev/sda1" }),
  ...listed("xfs_info", "-V -t:"),
  ...reports("findmnt", { bound: follows("findmnt", "-p -tOoSTMNFw: --poll") }),
  ...listed("mount", "-lv -t:", {
    operands: nothing("mount", "it would mount; use findmnt to look at one"),
    instead: "findmnt",
  }),
  ...listed("swapon", "-s -v --show --summary --bytes --noheadings --raw --output-all", {
    operands: nothing("swapon", "it would add swap"),
    rules: [needsOne("swapon", "-s --show --summary", "is refused without --show")],
    instead: "swapon --show",
  }),
  ...listed("blkid", "-kpi -o: -s: -L: -U: -t: -l --probe --output= --match-tag= --label= --uuid= --list-filesystems"),
  ...listed("losetup", "-alJ -O: -j: --all --list --noheadings --raw --json --output= --associated=", {
    operands: atMost("losetup", 1, "it would attach a file"),
    instead: "losetup -l",
  }),
  ...ruled("smartctl", [smartRule], { needs: TO_DISK, instead: "smartctl -a /dev/sda" }),
  ...listed("hdparm", "-IigCtT", {
    rules: [needsOne("hdparm", "-IigCtT", "is refused without -I, -i, -g or -C")],
    approval: (args) =>
      given(args, options("-tT"))
        ? refusal("hdparm/load", "It reads at full speed for seconds: an operator has to agree.", "iostat -x 1 3")
        : undefined,
    needs: TO_DISK,
    instead: "hdparm -I /dev/sda",
  }),
  ...commands("nvme", "-o: -n: -v -H --output-format= --namespace-id= --human-readable --verbose -e: --log-entries=", {
    "list,list-subsys,smart-log,error-log,id-ctrl,id-ns,fw-log,list-ns,list-ctrl,show-regs,self-test-log,effects-log":
      "",
    "ana-log,endurance-log,version!": "",
  }, { needs: TO_DISK, instead: "nvme list" }),
  ...listed("sg_inq sg_readcap sg_turs", "-idvHel -p: --page= --id --verbose", { needs: TO_DISK }),
  ...listed(
    "mdadm",
    "-DEQsYv --detail --examine --query --scan --brief --export --detail-platform --verbose --examine-bitmap -X",
    {
      rules: [
        needsOne(
          "mdadm",
          "-DEQX --detail --examine --query --detail-platform --examine-bitmap",
          "is refused without --detail or --examine",
        ),
      ],
      needs: TO_MAPPER,
      instead: "mdadm --detail --scan",
    },
  ),
  ...listed("lvs pvs vgs lvdisplay pvdisplay vgdisplay lvmdiskscan", LVM, { needs: TO_MAPPER, instead: "lvs -a" }),
  ...commands(
    "dmsetup",
    "-cCv -o: --tree --columns --noheadings --target= --options= --separator= --noflush --nolockfs",
    {
      "ls,status,info,table,deps,targets,version!": "",
    },
    { needs: TO_MAPPER, instead: "dmsetup ls --tree" },
  ),
  ...listed("multipath", "-l -v:", {
    rules: [needsOne("multipath", "-l -v:", "is refused without -ll: it would set up devices")],
    needs: { ...TO_MAPPER, ...SOCKETS },
    instead: "multipath -ll",
  }),
  ...listed("pvscan vgscan lvscan", "-vsnu --verbose --short --novolumegroup --uuid --all", {
    operands: nothing("pvscan", "it may activate volumes"),
    needs: TO_MAPPER,
    instead: "pvs",
  }),
  ...listed("lvmconfig", "-l --type= --list --withsummary --withcomments", { instead: "lvmconfig --type full" }),
  ...commands("multipathd", "", {
    "show paths,show maps,show status,show topology,show daemon,show config!,list paths,list maps,show devices": "",
  }, { needs: SOCKETS, instead: "multipathd show paths" }),
  ...ruled("iscsiadm", [
    (args) =>
      /^-m (session|node|iface|host|fw)( -P ?[0-3])?$/.test(args.join(" "))
        ? undefined
        : refusal("iscsiadm/change", "iscsiadm is refused except as -m session|node|iface|host|fw with -P."),
  ], {
    needs: SOCKETS,
    instead: "iscsiadm -m session -P 1",
  }),
  ...commands("zpool", "-HpvxLPtsDlqywrni -o: -T:", { "status,list,iostat,history,get,version!,events": "" }, {
    bound: (args) => args[0] === "iostat" || args[0] === "status" ? counted("zpool", "oT")(args.slice(1)) : undefined,
    instead: "zpool status -v",
  }),
  ...commands("zfs", "-Hprt -d: -o: -t: -s: -S: -i", { "list,get,holds,version!,mount!": "" }, {
    instead: "zfs list",
  }),
  ...reports("arc_summary"),
  ...commands("btrfs", "-hHkbmgtTdpacos --raw --human-readable --si --iec", {
    "filesystem show,filesystem df,filesystem usage,filesystem du,fi show,fi df,fi usage,fi du": "",
    "device stats,device usage,dev stats,dev usage,subvolume list,subvolume show,subvolume get-default,sub list": "",
    "qgroup show": "-reFfpc --raw --iec",
    "scrub status,balance status,inspect-internal dump-super,replace status,version!": "",
  }, { needs: TO_MAPPER, rules: [noReset], instead: "btrfs filesystem usage /" }),
  ...listed("tune2fs", "-l", {
    rules: [needsOne("tune2fs", "-l", "is refused without -l: it would change the file system")],
    instead: "tune2fs -l /dev/sda1",
  }),
  ...listed("dumpe2fs", "-hbxf -o:", { instead: "dumpe2fs -h /dev/sda1" }),
  ...listed("e2label", "", { operands: atMost("e2label", 1, "it would set the label"), instead: "lsblk -f" }),
  ...listed("fdisk sfdisk", "-lxJd -o: --list --list-details --output= --json --dump --bytes", {
    rules: [needsOne("fdisk", "-lxJd -o: --list --json --dump", "is refused without -l: it would change partitions")],
    instead: "fdisk -l",
  }),
  ...listed("parted", "-lsm --list --script --machine", {
    operands: (operands) =>
      operands.length === 0 || /^(unit \w+ )?(print|print free|print devices)$/.test(operands.slice(1).join(" "))
        ? undefined
        : refusal("parted/change", "parted is refused except for print: it would change partitions."),
    rules: [(args) => args.some((arg) => /^(-l|--list|print)$/.test(arg)) ? undefined : PARTED],
    instead: "parted -l",
  }),
  ...listed("sgdisk", "-pOv -i: --print --info= --verify", {
    rules: [
      needsOne("sgdisk", "-pOv -i: --print --info --verify", "is refused without -p: it would change partitions"),
    ],
    instead: "sgdisk -p /dev/sda",
  }),
  ...listed(
    "blockdev",
    "--report --getsize64 --getsz --getss --getbsz --getra --getro --getiomin --getioopt --getmaxsect",
    {
      instead: "blockdev --report",
    },
  ),
  ...reports("quota repquota", { needs: SOCKETS }),
  ...listed("exportfs", "-vs", { operands: nothing("exportfs", "it would export"), instead: "exportfs -v" }),
  ...listed("showmount", "-ead --exports --all --directories --no-headers"),
  ...listed("nfsstat", "-csnrmvl234 -o: --client --server --nfs --rpc --mounts --verbose --list"),
  ...reports("nfsiostat", { bound: counted("nfsiostat", "l") }),
  ...reports("mountstats", { bound: (args) => args[0] === "iostat" ? counted("mountstats", "")(args) : undefined }),
  ...listed("rpcinfo", "-psm -T: -l", { instead: "rpcinfo -p" }),
  ...commands("ceph", "-sw -f: --format= --connect-timeout= --status --watch", {
    ",status,health,health detail,df,df detail,osd tree,osd df,osd df tree,osd stat,osd perf,osd dump,osd pool ls": "",
    "osd pool ls detail,osd pool stats,osd blocked-by,mon stat,mon dump,mds stat,mgr stat,pg stat,pg dump_stuck,fsid!":
      "",
    "quorum_status!,versions!,fs status,fs ls,crash ls,crash info,orch ps,orch ls,orch host ls,orch status,device ls":
      "",
    "balancer status,mgr module ls,osd utilization,osd find,pg ls,time-sync-status!,log last": "",
  }, {
    rules: [(args) => args.length === 0 ? refusal("ceph/verb", "ceph alone would wait for commands.") : undefined],
    bound: follows("ceph", "-w -f: --watch"),
    instead: "ceph -s",
  }),
  ...commands("gluster", "--mode= --xml", {
    "volume info,volume status,volume list,peer status!,pool list!,volume get": "",
    "volume heal": {
      operands: (operands) =>
        /^\S+ info( summary| split-brain)?$/.test(operands.join(" "))
          ? undefined
          : refusal("gluster/change", "gluster volume heal is refused except for info."),
    },
  }, { needs: SOCKETS, instead: "gluster volume info" }),
  ...commands("drbdadm", "-d", { "status,dstate,cstate,role,dump": "" }, { instead: "drbdadm status" }),
  ...commands("drbdsetup", "--verbose --statistics", { "status,show,role,cstate,dstate": "" }),
  ...commands("pcs", "--full --output-format=", {
    "status,config!,config show!,resource status,resource config,stonith status,stonith config,constraint config": "",
    "constraint!,constraint list,cluster status,quorum status,quorum config,property config,alert config": "",
  }, { needs: SOCKETS, instead: "pcs status" }),
  ...listed(
    "crm_mon",
    "-1rAfntoDb --one-shot --inactive --group-by-node --show-node-attributes --output-as= --failcounts",
    {
      needs: SOCKETS,
      bound: (args) => args.some((arg) => /^(-\w*1|--one-shot)/.test(arg)) ? undefined : endless("crm_mon"),
      instead: "crm_mon -1",
    },
  ),
  ...listed("corosync-cfgtool", "-sbn", { needs: SOCKETS, instead: "corosync-cfgtool -s" }),
  ...listed("corosync-quorumtool", "-slpi", { needs: SOCKETS, instead: "corosync-quorumtool -s" }),
};

/** It opens the file system to read it only; a request may still write files of the host. */
function debugfsRule(args: readonly string[]): ReturnType<Rule> {
  const [option, request = "", device = "", ...others] = args;
  const reads =
    /^(stat|ls|ls -[ldp]+|ncheck|icheck|show_super_stats|stats|features|blocks|ex|extents|imap|lsdel|htree)( [\w<>/. -]*)?$/;
  return option === "-R" && reads.test(request) && /^\/dev\/[\w/.-]+$/.test(device) && others.length === 0
    ? undefined
    : refusal("debugfs/change", 'debugfs is refused except as debugfs -R "stat <8>" DEVICE and the like.');
}

const PARTED = refusal("parted/change", "parted is refused except for print: it would change partitions.");

/** `btrfs device stats -z` sets the counters to zero. */
function noReset(args: readonly string[]): ReturnType<Rule> {
  return args.some((arg) => /^(-\w*z|--reset)/.test(arg))
    ? refusal("btrfs/change", "btrfs device stats -z resets the counters.")
    : undefined;
}
