/** Tools of makers of controllers, hypervisors and network fabrics: only their reports. */
import { atMost, type Rule } from "../arguments.ts";
import { isLiteral, show } from "../marks.ts";
import { refusal } from "../verdict.ts";
import { commands, endless, listed, reports, ruled } from "./entry.ts";
import type { Programs } from "./program.ts";

const TO_HARDWARE = { capabilities: ["SYS_RAWIO", "SYS_ADMIN"] } as const;

/** Only these words in this order: they take settings and file names without any dash. */
const sentence = (program: string, pattern: RegExp): Rule => (args) =>
  args.every(isLiteral) && pattern.test(args.join(" "))
    ? undefined
    : refusal(`${program}/change`, `${program} ${show(args.join(" "))} is not one of the reports that are known.`);

const STORCLI =
  /^(\/\S+( \/\S+)*|-?show ctrlcount)?( ?show( (all|temperature|health|bbu|bios|rebuild|events|time))*)?( j)?$/;
const MEGACLI = new RegExp(
  "^-(LDInfo|LdPdInfo|PDList|AdpAllInfo|AdpBbuCmd|AdpCount|EncInfo|CfgDsply|PDInfo|LDGetNum|PdGetNum|AdpGetTime)" +
    "( -(GetBbuStatus|Lall|L\\d+|PhysDrv ?\\[\\d+:\\d+\\]|aall|a\\d+|NoLog))*$",
  "i",
);
const SSACLI = new RegExp(
  "^(ctrl|controller) (all|slot=\\d+)( (ld|pd|logicaldrive|physicaldrive|array|enclosure) (all|[\\w:]+))?" +
    " show( (config|status|detail|config detail|detail config))?$",
);

export const VENDOR_PROGRAMS: Programs = {
  ...ruled("storcli storcli64 perccli perccli64", [
    (args) => args.includes("show") ? sentence("storcli", STORCLI)(args) : sentence("storcli", /^-?v$/)(args),
  ], { needs: TO_HARDWARE, instead: "storcli /c0 show" }),
  ...ruled("megacli MegaCli MegaCli64", [sentence("megacli", MEGACLI)], {
    needs: TO_HARDWARE,
    instead: "megacli -LDInfo -Lall -aALL",
  }),
  ...ruled("ssacli hpssacli hpacucli", [sentence("ssacli", SSACLI)], {
    needs: TO_HARDWARE,
    instead: "ssacli ctrl all show config",
  }),
  ...ruled(
    "arcconf",
    [sentence("arcconf", /^(list|getconfig \d+( (ad|ld|pd|al))?|getstatus \d+|getsmartstats \d+)$/i)],
    {
      needs: TO_HARDWARE,
      instead: "arcconf getconfig 1",
    },
  ),
  ...ruled("sas2ircu sas3ircu", [sentence("sas2ircu", /^(list|\d+ (display|status))$/i)], {
    needs: TO_HARDWARE,
    instead: "sas2ircu list",
  }),
  ...listed(
    "ipmi-sensors ipmi-sel ipmi-fru bmc-info",
    "-vQt: --quiet-cache --output-sensor-state --output-event-state --no-header-output --comma-separated-output --info " +
      "--types= --tail=",
    {
      operands: atMost("ipmi-sensors", 0, "only options are known"),
      needs: TO_HARDWARE,
      instead: "ipmi-sensors",
    },
  ),
  ...listed("perfquery", "-xXSDETal -C: -P:", { instead: "perfquery -x" }),
  ...listed("iblinkinfo ibhosts ibswitches ibnodes sminfo", ""),
  ...ruled("dcgmi", [sentence("dcgmi", /^(discovery -[lc]|health -c( -g \d+)?|topo( --gpuid \d+)?)$/)], {
    instead: "dcgmi discovery -l",
  }),
  ...commands("vmware-toolbox-cmd", "-v", { "stat balloon!,stat swap!,stat memlimit!,stat memres!,stat cpures!": "" }, {
    instead: "vmware-toolbox-cmd stat balloon",
  }),
  ...commands("xl", "", { "list,info!,vcpu-list,uptime": "-lvn" }, { instead: "xl list" }),
  ...listed("xentop", "-bfnrvx -d: -i:", {
    bound: (args) => args.includes("-b") && args.includes("-i") ? undefined : endless("xentop"),
  }),
  ...listed("virt-what", "", { operands: atMost("virt-what", 0, "it takes none") }),
  ...commands("qm", "", { "list!,status,config,pending": "" }, { instead: "qm list" }),
  ...commands("pct", "", { "list!,status,config,pending": "" }, { instead: "pct list" }),
  ...commands("pvecm", "", { "status!,nodes!": "" }, { instead: "pvecm status" }),
  ...listed("capinfos", "-ATMsctEdualzyxiHF", { files: "operands", instead: "capinfos /tmp/x.pcap" }),
  ...commands("cloud-init", "", {
    "status!": "-l --long --format=",
    "analyze show!,analyze blame!,analyze boot!": "",
    "query": { operands: cloudFacts },
  }, { instead: "cloud-init status --long" }),
  ...reports("exiqsumm"),
};

/** What the cloud was told about the machine can hold passwords. */
function cloudFacts(operands: readonly string[]): ReturnType<Rule> {
  const fact =
    /^(instance_id|region|cloud_name|availability_zone|platform|subplatform|local_hostname|distro\w*|kernel_release)$/;
  return operands.length > 0 && operands.every((operand) => fact.test(operand))
    ? undefined
    : refusal("cloud-init/query", "cloud-init query is refused except for plain facts such as instance_id.");
}
