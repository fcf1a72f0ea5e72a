/** Command lines that the policy is held to, by subject. */
import { CONTAINERS as CONTAINER_READS } from "./corpus/allowed/containers.ts";
import { DATABASES as DATABASE_READS } from "./corpus/allowed/databases.ts";
import { EVERYDAY } from "./corpus/allowed/everyday.ts";
import { CHANGED } from "./corpus/allowed/changed.ts";
import { FIRST } from "./corpus/allowed/incidents_1.ts";
import { SECOND } from "./corpus/allowed/incidents_2.ts";
import { THIRD } from "./corpus/allowed/incidents_3.ts";
import { FOURTH } from "./corpus/allowed/incidents_4.ts";
import { LOGS } from "./corpus/allowed/logs.ts";
import { NETWORK as NETWORK_READS } from "./corpus/allowed/network.ts";
import { PACKAGES as PACKAGE_READS } from "./corpus/allowed/packages_hardware.ts";
import { PROCESSES } from "./corpus/allowed/processes.ts";
import { SERVICES as SERVICE_READS } from "./corpus/allowed/services.ts";
import { STORAGE } from "./corpus/allowed/storage.ts";
import { ATTACKS } from "./corpus/refused/attacks.ts";
import { CONTAINERS } from "./corpus/refused/containers.ts";
import { DATABASES } from "./corpus/refused/databases.ts";
import { DISKS } from "./corpus/refused/disks.ts";
import { EXFILTRATION } from "./corpus/refused/exfiltration.ts";
import { FILES } from "./corpus/refused/files.ts";
import { NETWORK } from "./corpus/refused/network.ts";
import { PACKAGES } from "./corpus/refused/packages.ts";
import { SERVICES } from "./corpus/refused/services.ts";
import { SHELL } from "./corpus/refused/shell.ts";
import { UNSEEN } from "./corpus/refused/unseen.ts";

export { CHANGED };
export { RULES } from "./corpus/refused/rules.ts";

/** What engineers ask a host that is in trouble. */
export const READ_ONLY: readonly string[] = [
  ...EVERYDAY,
  ...PROCESSES,
  ...LOGS,
  ...SERVICE_READS,
  ...STORAGE,
  ...NETWORK_READS,
  ...CONTAINER_READS,
  ...DATABASE_READS,
  ...PACKAGE_READS,
  ...FIRST,
  ...SECOND,
  ...THIRD,
  ...FOURTH,
];

/** What must not run without an operator's word, and most of it not even then. */
export const DESTRUCTIVE: readonly string[] = [
  ...SHELL,
  ...FILES,
  ...DISKS,
  ...NETWORK,
  ...EXFILTRATION,
  ...SERVICES,
  ...PACKAGES,
  ...CONTAINERS,
  ...DATABASES,
  ...ATTACKS,
  ...UNSEEN,
];

/** Lines of {@linkcode READ_ONLY} that are known to be refused, with the reason that is given. */
export const KNOWN_REFUSALS: Readonly<Record<string, string>> = {
  // Unquoted, the shell takes [::1] for a pattern, and what it becomes is not known.
  "curl -sf --connect-timeout 2 http://[::1]:9200/_cluster/health?pretty": "curl/url",
};

/** Lines that would not end by themselves, and the rule of the bound that they get. */
export const ENDLESS: Readonly<Record<string, string>> = {
  "tail -f /var/log/syslog": "tail/endless",
  "tail -5f /var/log/syslog": "tail/endless",
  "tail -n 20 -F /var/log/syslog /var/log/auth.log": "tail/endless",
  "tail -n 5 --foll /var/log/syslog": "tail/endless",
  "tail -f /var/log/nginx/error.log | grep --line-buffered upstream": "tail/endless",
  "journalctl -f": "journalctl/endless",
  "journalctl -fu nginx": "journalctl/endless",
  "journalctl -u app --follow --no-pager": "journalctl/endless",
  "dmesg -w": "dmesg/endless",
  "dmesg -T --follow": "dmesg/endless",
  "ping 127.0.0.1": "ping/endless",
  "ping -i 1 10.0.0.1": "ping/endless",
  "arping -I eth0 10.0.0.1": "arping/endless",
  "top": "top/terminal",
  "top -b": "top/endless",
  "top -b -d 2 -p 1": "top/endless",
  "iotop -o": "iotop/endless",
  "vmstat 1": "vmstat/endless",
  "iostat -x 1": "iostat/endless",
  "mpstat -P ALL 2": "mpstat/endless",
  "pidstat 1": "pidstat/endless",
  "sar -n DEV 1": "sar/endless",
  "free -s 1": "free/endless",
  "slabtop": "slabtop/endless",
  "lsof -r 2 -p 1": "lsof/endless",
  "netstat -c": "netstat/endless",
  "ss -E": "ss/endless",
  "ip monitor": "ip/endless",
  "conntrack -E": "conntrack/endless",
  "tcpdump -i any port 80": "tcpdump/endless",
  "udevadm monitor": "udevadm/endless",
  "busctl monitor": "busctl/endless",
  "watch -n 1 df -h": "watch/endless",
  "watch 'ls -l /tmp'": "watch/endless",
  "yes": "yes/endless",
  "cat /dev/zero": "file/endless",
  "cat /dev/urandom | base64": "file/endless",
  "xxd /dev/sda": "file/endless",
  "strings /dev/nvme0n1p1": "file/endless",
  "dd if=/dev/sda of=/dev/null bs=1M count=100": "file/endless",
  "grep --file=/dev/zero x": "file/endless",
  "docker logs -f web": "docker/endless",
  "docker stats": "docker/endless",
  "docker events": "docker/endless",
  "kubectl get pods -w": "kubectl/endless",
  "kubectl logs -f web-0 -n prod": "kubectl/endless",
  "redis-cli monitor": "redis-cli/endless",
  "redis-cli --latency": "redis-cli/endless",
  "mongostat": "mongostat/endless",
  "zpool iostat 1": "zpool/endless",
  "turbostat": "turbostat/endless",
  "nvidia-smi -l 1": "nvidia-smi/endless",
  "varnishstat": "varnishstat/endless",
  "crm_mon": "crm_mon/endless",
  "systemd-cgtop": "systemd-cgtop/endless",
};

/** Lines that an operator may agree to, and the rule that asks. */
export const ASKED: Readonly<Record<string, string>> = {
  "curl -sS https://example.com/health": "curl/host",
  "wget -qO- --max-redirect=0 http://10.0.0.5/": "wget/host",
  "docker exec web cat /etc/resolv.conf": "docker/exec",
  "docker exec -it web ps aux": "docker/exec",
  "kubectl exec -n prod web-0 -c app -- df -h": "kubectl/exec",
  "openssl s_client -connect example.com:443 </dev/null": "openssl/host",
  "nmap -p 80 127.0.0.1": "nmap/scan",
  "whois example.com": "whois/leaves",
  "cat /etc/shadow": "file/secret",
  "cd /etc && cat shadow": "file/secret",
  "cat /proc/1/environ": "file/secret",
  "cat < /root/.ssh/id_rsa": "file/secret",
  'ping -c 1 "$(cat /etc/gateway)"': "network/unknown-name",
  "mysql -h db1 -e 'SHOW PROCESSLIST'": "mysql/host",
  "hdparm -tT /dev/sda": "hdparm/load",
  "curl http://127.0.0.1:8080/manager/text/stop?path=/app": "curl/action",
  "curl -s --unix-socket /run/docker.sock http://localhost/info": "curl/socket",
  "kubectl get secret app -n prod -o yaml": "file/secret",
  "etcdctl get / --prefix": "file/secret",
  "for ns in $(cat /tmp/ns); do dig +short @$ns example.com; done": "network/unknown-name",
};
