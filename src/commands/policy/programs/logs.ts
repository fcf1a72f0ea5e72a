/** Programs that read the logs of the kernel, systemd and the audit system. */
import { without } from "../arguments.ts";
import { commands, follows, limited, listed, needsOne } from "./entry.ts";
import { refusal } from "../verdict.ts";
import type { Programs } from "./program.ts";

const AUDIT_WORDS =
  "-imlv --message --raw --interpret --success ~ts: ~te: ~sv: ~ui: ~gi: ~ul: ~ue: ~sc: ~hn: ~tm: ~uu: ~vm: " +
  "-a: -c: -e: -f: -k: -n: -o: -p: -w -x: -h --start= --end= --input-logs --just-one --format= --key= --pid= --uid= " +
  "--file= --comm= --executable= --event= --syscall= --exit=";

export const LOG_PROGRAMS: Programs = {
  ...limited(
    "dmesg",
    [without("dmesg/change", {
      letters: "cCDEn",
      valued: "flsF",
      long: ["clear", "read-clear", "console-off", "console-on", "console-level"],
    }, "it changes the kernel log")],
    { files: "operands", bound: follows("dmesg", "-wW -flsF: --follow --follow-new"), instead: "dmesg -T" },
  ),
  ...listed(
    "journalctl",
    "-aefxqmkrlN0123456789W -b -n: -o: -u: -p: -t: -T: -S: -U: -g: -c: -F: -D: -i: -I -V --no-pager --all --full " +
      "--no-full --follow --catalog --quiet --merge --dmesg --reverse --utc --no-hostname --pager-end --no-tail --fields " +
      "--list-boots --disk-usage --header --verify --list-catalog --boot --system --user --output-fields= --lines= " +
      "--output= --unit= --user-unit= --priority= --identifier= --since= --until= --grep= --cursor= --after-cursor= " +
      "--show-cursor --field= --directory= --file= --facility= --case-sensitive --truncate-newline --invocation= " +
      "--list-invocations --exclude-identifier= --namespace=",
    { bound: follows("journalctl", "-f -nupSUtTgoDcFi: --follow"), instead: "journalctl --no-pager -n 100" },
  ),
  ...commands(
    "coredumpctl",
    "-1rq0 -n: -N: -S: -U: -F: --no-pager --no-legend --json= --since= --until= --all --reverse --field=",
    {
      ",list,info": "",
    },
    { instead: "coredumpctl list --no-pager" },
  ),
  ...limited("lastcomm sa ac", [without("lastcomm/write", { letters: "s", valued: "f" }, "it rewrites the log")], {
    instead: "last",
  }),
  ...commands("git", "-C: --no-pager --no-optional-locks", {
    "status": "-sbu --short --branch --porcelain --untracked-files= --ignored",
    "log,show,diff":
      "-n: -p -0123456789 -S: -G: -w --oneline --stat --graph --decorate --all --name-only --name-status --since= --until= " +
      "--author= --grep= --format= --pretty= --no-merges --shortstat --cached --staged --numstat --follow --abbrev-commit --date=",
    "rev-parse": "--short --abbrev-ref --show-toplevel --verify",
    "branch!": "-avr --all --list --show-current",
    "remote!": "-v",
    "blame": "-w -L:",
    "describe": "--tags --always --dirty --long",
  }, {
    // A repository's configuration can name programs: monitors, pagers, filters, text converters.
    approval: () =>
      refusal(
        "git/configuration",
        "git runs programs that the configuration of the repository names: an operator has to agree.",
        "ls -la /etc",
      ),
    instead: "ls -la /etc",
  }),
  ...listed("ausearch", AUDIT_WORDS, { instead: "ausearch -m avc -ts recent" }),
  ...listed("aureport", AUDIT_WORDS + " --summary --auth --login --failed --avc --anomaly --tty --user -au -l -s -t", {
    instead: "aureport --summary",
  }),
  ...listed("auditctl", "-slv", {
    rules: [needsOne("auditctl", "-slv", "is refused without -s or -l: it would change rules")],
    instead: "auditctl -s",
  }),
  ...listed("logrotate", "-dv --debug --verbose", {
    rules: [needsOne("logrotate", "-d --debug", "is refused without -d: it would rotate logs")],
    instead: "logrotate -d /etc/logrotate.conf",
  }),
};
