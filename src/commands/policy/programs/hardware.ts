/** Programs that report on hardware, firmware and the kernel. */
import { atMost, only, options, type Rule, without } from "../arguments.ts";
import { isLiteral, show } from "../marks.ts";
import { refusal } from "../verdict.ts";
import { commands, endless, follows, limited, listed, needsOne, reports, ruled, SOCKETS } from "./entry.ts";
import type { Programs } from "./program.ts";

const nothing = (program: string, why: string): Rule => atMost(program, 0, why);
const TO_HARDWARE = { capabilities: ["SYS_RAWIO", "SYS_ADMIN"] } as const;

const SYSCTL = "-aAXnNeb -r: --all --values --names --ignore --binary --pattern= --deprecated";

function sysctlRule(args: readonly string[]): ReturnType<Rule> {
  const parsed = only("sysctl", options(SYSCTL), args);
  if ("rule" in parsed) return parsed;
  const written = parsed.operands.find((operand) => operand.includes("=") || !isLiteral(operand));
  return written === undefined
    ? undefined
    : refusal("sysctl/write", `sysctl ${show(written)} is refused: it sets a value; leave out the "=".`);
}

export const HARDWARE_PROGRAMS: Programs = {
  ...reports("modinfo", { files: "operands" }),
  ...reports("lsmod acpi ibstat ibstatus ibv_devinfo ibv_devices hwloc-info edac-util"),
  ...listed("lsusb", "-vtV -s: -d: --verbose --tree", { instead: "lsusb -t" }),
  ...ruled("sysctl", [sysctlRule], { instead: "sysctl -a" }),
  ...commands("kmod", "", { "list!": "" }, { instead: "lsmod" }),
  ...limited(
    "lspci",
    [without("lspci/direct", { letters: "HMqQ", valued: "sdiApPFO" }, "it touches the hardware")],
    { instead: "lspci -nnk" },
  ),
  ...listed(
    "lshw",
    "~short ~class: ~C: ~c: ~businfo ~numeric ~quiet ~sanitize ~json ~html ~xml ~disable: ~enable: ~notime",
    {
      needs: TO_HARDWARE,
      operands: nothing("lshw", "only options are known"),
      instead: "lshw -short",
    },
  ),
  ...listed("dmidecode", "-qu -t: -s: -H: --type= --string= --quiet --no-sysfs", { instead: "dmidecode -t system" }),
  ...listed("biosdecode vpddecode ownership", ""),
  ...listed("sensors", "-ufAj", { instead: "sensors" }),
  ...commands("ipmitool", "-vc -I:", {
    "sensor!,sensor list!,sensor get,sdr!,sdr list,sdr elist,sdr type,sdr info,sel!,sel list,sel elist,sel info!": "",
    "sel time get!,fru!,fru print,fru list,chassis status!,chassis power status!,power status!,mc info!,bmc info!": "",
    "lan print,dcmi power reading!,chassis selftest!,user list,session info,sel get": "",
  }, { needs: TO_HARDWARE, instead: "ipmitool sensor list" }),
  ...listed("ras-mc-ctl", "--summary --status --errors --error-count --layout --mainboard", {
    instead: "ras-mc-ctl --summary",
  }),
  // Without --client it takes the events out of the kernel.
  ...listed("mcelog", "--client", {
    rules: [needsOne("mcelog", "--client", "is refused without --client: it would take the events away")],
    needs: SOCKETS,
    instead: "mcelog --client",
  }),
  ...commands("cpupower", "-c:", { "frequency-info,idle-info,info!": "-aefhlmpnsy" }, {
    instead: "cpupower frequency-info",
  }),
  ...listed("turbostat", "-qS -i: -n: --quiet --Summary --interval= --num_iterations= --show= --hide= --Joules", {
    operands: (operands) =>
      /^(sleep \d+)?$/.test(operands.join(" "))
        ? undefined
        : refusal("turbostat/operand", "turbostat would run a program: only sleep is let through."),
    needs: TO_HARDWARE,
    bound: (args) => args.some((arg) => /^(-n|--num_iterations|sleep$)/.test(arg)) ? undefined : endless("turbostat"),
    instead: "turbostat --quiet -n 1",
  }),
  ...commands(
    "nvidia-smi",
    "-qLx -d: -i: -l: --query --list-gpus --id= --display= --loop= --format= --query-gpu= " +
      "--query-compute-apps= --query-accounted-apps= --query-remapped-rows= --query-retired-pages= --xml-format",
    {
      "": "",
      "topo": "-mp --matrix",
      "nvlink": "-sce",
      "pmon,dmon": "-s: -c: -o:",
    },
    {
      bound: (args) =>
        /^[pd]mon$/.test(args[0] ?? "")
          ? (args.includes("-c") ? undefined : endless("nvidia-smi"))
          : follows("nvidia-smi", "-l -di: --loop")(args),
      instead: "nvidia-smi -q",
    },
  ),
  ...listed(
    "rocm-smi",
    "-aitufgbPcv --showall --showtemp --showuse --showpower --showmemuse --showid --showhw --json --csv " +
      "--showmeminfo= --showpids --showbus --showclocks --showfan --showdriverversion",
    { instead: "rocm-smi" },
  ),
  ...listed(
    "lstopo lstopo-no-graphics hwloc-ls",
    "-plv --no-io --no-caches --no-legend --physical --logical --verbose",
    {
      operands: nothing("lstopo", "it would write a file"),
      instead: "lscpu",
    },
  ),
  ...listed("efibootmgr", "-v --verbose", {
    operands: nothing("efibootmgr", "only -v is known"),
    instead: "efibootmgr -v",
  }),
  ...commands("bootctl", "--no-pager", { ",status,list,is-installed": "" }, { instead: "bootctl status" }),
  ...listed("mokutil", "--sb-state --list-enrolled --list-new --db --dbx --kek --pk", {
    instead: "mokutil --sb-state",
  }),
  ...listed("grubby", "--info= --default-kernel --default-index --default-title", { instead: "cat /proc/cmdline" }),
  ...commands("grub2-editenv grub-editenv", "", { "list!,- list!": "" }, { instead: "cat /proc/cmdline" }),
  ...listed("upower", "-ed -i: --enumerate --dump --show-info= --monitor -m", {
    needs: SOCKETS,
    bound: (args) => args.some((arg) => /^(-m|--monitor)/.test(arg)) ? endless("upower") : undefined,
  }),
  ...listed("hwclock", "-rv --show --get --verbose --utc", {
    operands: nothing("hwclock", "only -r is known"),
    instead: "hwclock -r",
  }),
  ...listed("rfkill", "-Jn -o: --output= --json", {
    operands: (operands) =>
      operands.every((operand) => operand === "list") ? undefined : refusal("rfkill/change", "rfkill only lists here."),
    instead: "rfkill list",
  }),
  ...listed("zramctl", "-n --noheadings --output-all --bytes --raw -b", {
    operands: nothing("zramctl", "it would set up a device"),
    instead: "zramctl",
  }),
};
