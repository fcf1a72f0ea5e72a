/** Programs that ask what is installed, from which package, and whether it is as it was. */
import { type Rule, without } from "../arguments.ts";
import { refusal } from "../verdict.ts";
import { commands, listed, needsOne, SOCKETS } from "./entry.ts";
import type { Programs } from "./program.ts";

/** Options of apt change its configuration, and that can name programs to run. */
const aptConfig: Rule = without(
  "apt-cache/config",
  { letters: "oc", long: ["option", "config-file"] },
  "it changes the configuration",
);
const LISTS = "-aqn --installed --upgradable --all-versions --quiet --names-only --full --no-pager --all ";

export const PACKAGE_PROGRAMS: Programs = {
  ...listed("lsb_release", "-vidrcas --all --id --description --release --codename --short", {
    instead: "cat /etc/os-release",
  }),
  ...listed(
    "dpkg",
    "-lLsSVpC --list --listfiles --status --search --verify --audit --print-architecture --get-selections " +
      "--print-foreign-architectures --compare-versions --no-pager",
    {
      rules: [
        (args) => /^-[-lLsSVpC]/.test(args[0] ?? "") ? undefined : refusal("dpkg/verb", "dpkg needs an option first."),
      ],
      instead: "dpkg -l",
    },
  ),
  ...listed("dpkg-query", "-lLsSWpc -f: --list --listfiles --status --search --show --showformat= --no-pager -W", {
    instead: "dpkg-query -W",
  }),
  ...listed("dpkg-deb", "-IcfW --info --contents --field --show", { files: "operands", instead: "dpkg -l" }),
  ...listed("debsums", "-acsel --all --changed --silent --list-missing --config", { instead: "dpkg -V" }),
  ...commands("apt-cache", LISTS, {
    "policy,show,showpkg,depends,rdepends,search,madison,stats,pkgnames,showsrc": "",
  }, { rules: [aptConfig], instead: "apt-cache policy" }),
  ...commands("apt aptitude", LISTS, { "list,show,policy,search,showsrc,depends,rdepends": "" }, {
    rules: [aptConfig],
    instead: "apt list --installed",
  }),
  ...commands("apt-mark", "", { "showhold,showmanual,showauto": "" }, { instead: "apt-mark showhold" }),
  ...listed("apt-config", "", {
    operands: (operands) =>
      operands[0] === "dump" ? undefined : refusal("apt-config/verb", "apt-config only dumps here."),
    instead: "apt-config dump",
  }),
  ...listed("apt-get", "-sq --simulate --dry-run --just-print --no-act -y --quiet", {
    operands: (operands) =>
      /^(upgrade|dist-upgrade|full-upgrade|install|remove|check|autoremove)$/.test(operands[0] ?? "")
        ? undefined
        : APT_GET,
    rules: [
      needsOne(
        "apt-get",
        "-s --simulate --dry-run --just-print --no-act",
        "is refused without -s: it would change packages",
      ),
    ],
    instead: "apt-get -s upgrade",
  }),
  ...listed(
    "rpm rpmquery",
    "-qailcdRfVvpskL --last --queryformat= --qf= --changelog --scripts --requires --provides --whatprovides " +
      "--whatrequires --triggers --all --verify --query --list --info --nodeps --nofiles --nosignature --nodigest -g",
    {
      rules: [
        (args) =>
          /^(-[qV]|--query|--verify)/.test(args[0] ?? "")
            ? undefined
            : refusal("rpm/change", "rpm is refused without -q or -V first: it would change packages."),
        (args) =>
          args.some((arg) => /%\{lua|%\(|%\{expand|:\/\//.test(arg))
            ? refusal("rpm/macro", "This runs a macro or asks another host.")
            : undefined,
      ],
      instead: "rpm -qa --last",
    },
  ),
  ...commands(
    "dnf yum microdnf",
    "-qCv --cacheonly --security --bugfix --quiet --installed --all --showduplicates --no-pager --enabled --disabled",
    {
      "list,info,history!,history list,history info,repolist,search,provides,repoquery,check!,deplist,updateinfo,module list":
        "",
      "list installed,check-update,grouplist,group list,versionlist list": "",
      "needs-restarting": "-rs",
    },
    { instead: "rpm -qa --last" },
  ),
  ...commands("apt-file", "-xlFiv", { "search,list,show,find": "" }, { instead: "dpkg -S /bin/ls" }),
  ...commands("zypper", "-nqx --non-interactive --quiet", {
    "search,se,info,if,repos,lr,packages,pa,list-updates,lu,list-patches,lp,patches,locks,ll,services,ls,ps":
      "-i -s -u -d --installed-only",
  }, { instead: "rpm -qa --last" }),
  ...listed(
    "pacman",
    "-Qiklosqemtnudg --query --info --list --owns --search --check --explicit --deps --upgrades --foreign",
    {
      rules: [
        (args) =>
          /^(-Q|--query)/.test(args[0] ?? "")
            ? undefined
            : refusal("pacman/change", "pacman is refused without -Q first."),
      ],
      instead: "pacman -Q",
    },
  ),
  ...commands("apk", "-vqL -e --installed --verbose --quiet", {
    "info,list,policy,version,stats,dot,search": "-dawRrLsuI",
  }, {
    instead: "apk info -v",
  }),
  ...commands("snap", "--color= --unicode=", {
    "list,info,version!,services,changes,tasks,connections,interfaces,warnings": "--all --verbose --abs-time",
  }, {
    needs: SOCKETS,
    instead: "snap list",
  }),
  ...commands("flatpak", "", {
    "list,info,history,ps,remotes": "-d --user --system --app --runtime --columns= --show-details",
  }, {
    instead: "flatpak list",
  }),
  ...commands("pip pip3 pipx", "--disable-pip-version-check --no-color", {
    "list,show,freeze,check": "-f --files --format= --user --local -v",
  }, {
    instead: "pip list",
  }),
  ...commands("npm yarn pnpm", "-g --global --depth= --json --all --long --prod", { "ls,list,root,prefix": "" }, {
    instead: "npm ls -g --depth=0",
  }),
  ...commands("gem", "", { "list,environment!,env!,contents,specification": "--local --no-details -l" }, {
    instead: "gem list",
  }),
  ...commands("brew conda mamba", "", { "list,info": "--versions" }, { instead: "brew list" }),
  ...commands("checkrestart", "", { "": "" }),
  ...listed("needs-restarting", "-rs"),
  ...listed("update-alternatives alternatives", "--display --list --query --get-selections", {
    rules: [
      needsOne("update-alternatives", "--display --list --query --get-selections", "is refused except to display"),
    ],
    instead: "update-alternatives --get-selections",
  }),
};

const APT_GET = refusal("apt-get/change", "apt-get is refused except to simulate with -s.");
