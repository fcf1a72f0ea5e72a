import assert from "node:assert/strict";
import { Redactor } from "../../src/privacy/redactor.ts";

/** Lines that hosts print, with words and letters that look like secrets and are none. */
const ORDINARY = `
password: prompt
PasswordAuthentication no
PermitEmptyPasswords no
password        requisite                       pam_pwquality.so retry=3
password	[success=1 default=ignore]	pam_unix.so obscure yescrypt
passwd:         files systemd
shadow:         files
root:x:0:0:root:/root:/bin/bash
systemd-network:!*:19500::::::
PASS_MAX_DAYS	99999
Last password change					: Nov 01, 2026
Password expires					: never
Nov 21 10:00:00 web sshd[812]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=10.0.0.9  user=root
Nov 21 10:00:00 web sshd[812]: Failed password for invalid user admin from 10.0.0.9 port 50022 ssh2
Nov 21 10:00:00 web sshd[812]: Accepted publickey for root from 10.0.0.9 port 50022 ssh2: RSA SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8
256 SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8 root@web (ED25519)
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGKJ0b1Jx8k4n0Qm2d9u3Zr5yP7sVtWqXhEoCaLbNfGi root@web
BOOT_IMAGE=/vmlinuz-6.1.0-18-amd64 root=UUID=5f2e8c1a-9b7d-4e3f-8a6b-1c2d3e4f5a6b ro quiet
[    0.000000] Kernel command line: BOOT_IMAGE=/boot/vmlinuz root=UUID=5f2e8c1a-9b7d-4e3f-8a6b-1c2d3e4f5a6b
[    1.234567] random: crng init done
[    1.345678] Loaded X.509 cert 'Debian Secure Boot CA: 6ccece7e4c6c0d1f6149f3dd27dfcc5cbb419ea1'
[    2.000000] Key type asymmetric registered
9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  /usr/bin/passwd
d83c81c0ffee4384fb3d72fa22c72bdfb4c2d7b98a5477c5 refs/heads/token-refresh
CONTAINER ID 3f4e5d6c7b8a IMAGE registry.example.com/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
_SYSTEMD_INVOCATION_ID=1f2e3d4c5b6a79880f1e2d3c4b5a6978
ffffffff8125e850 t security_key_alloc
ii  libpam-passwdqc:amd64  2.0.2-1+b1  amd64  PAM module for password strength policy enforcement
ii  libsecret-1-0:amd64    0.20.5-3    amd64  Secret store
ii  python3-keyring        23.9.3-2    all    store and access your passwords safely
ii  debian-archive-keyring 2023.3+deb12u1 all GnuPG archive keys of the Debian archive
net.ipv4.tcp_syncookies = 1
kernel.keys.maxkeys = 200
tc qdisc add dev eth0 root tbf rate 1mbit burst 32kbit latency 400ms # token_bucket
primary key (id), foreign key (shop_id) references shop(id)
XKBMODEL="pc105" keyboard-configuration/layoutcode: string us
SSH_AUTH_SOCK=/run/user/0/keyring/ssh
XAUTHORITY=/root/.Xauthority
PWD=/root
OLDPWD=/var/lib/app
XDG_SESSION_ID=12
LS_COLORS=rs=0:di=01;34:ln=01;36:mh=00:pi=40;33
bash: syntax error near unexpected token \`fi'
curl: (35) error:0A00010B:SSL routines::wrong version number
invalid token: expected string
token=$(cat /run/secrets/token)
password = os.environ["DB_PASSWORD"]
password: \${DB_PASSWORD}
DB_PASSWORD_FILE=/run/secrets/db_password
ssl_certificate_key /etc/ssl/private/web.key;
ssl_session_cache shared:SSL:10m;
password_encryption = scram-sha-256
auth: PLAIN LOGIN
Set-Cookie is missing
GET /login?next=/account HTTP/1.1
mysql -p -u root
ssh -p 2222 root@web
docker run -p 8080:80 nginx
tcp   LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=812,fd=3))
    inet6 fe80::5054:ff:fe12:3456/64 scope link
    link/ether 52:54:00:12:34:56 brd ff:ff:ff:ff:ff:ff
file.c:12:5: error: password is not declared
main.go:42:func secret(token string) error {
/usr/lib/x86_64-linux-gnu/security/pam_unix.so
2: tokens: 512, max_tokens=4096, total_tokens: 1024
HTTP/1.1 401 Unauthorized
WWW-Authenticate: Basic realm="shop"
Authorization: denied
kind: ConfigMap
Mountable secrets:   none
`;

Deno.test("redact() leaves ordinary lines alone: no false positive", () => {
  const redacted = new Redactor().redact(ORDINARY);
  const before = ORDINARY.split("\n");
  const changed = redacted.split("\n").filter((line, index) => line !== before[index]);
  assert.deepEqual(changed, []);
});

/** What most of its users ask a host first; each is there on any Linux, or is passed over. */
const COMMANDS: readonly string[] = [
  "ps auxww",
  "env -i HOME=/root PATH=/usr/bin:/bin LANG=C XDG_SESSION_ID=12 PWD=/root sh -c env",
  "dpkg -l",
  "ss -tanp",
  "ss -xa",
  "dmesg",
  "mount",
  "df -h",
  "ip addr",
  "id",
  "lscpu",
  "sysctl -a",
  "head -c 500000 /proc/kallsyms",
  "cat /proc/meminfo /proc/vmstat /proc/cpuinfo /proc/cmdline /proc/mounts /proc/interrupts",
  "cat /etc/passwd /etc/group /etc/services /etc/protocols /etc/login.defs /etc/nsswitch.conf",
  "cat /etc/pam.d/common-password /etc/pam.d/common-auth /etc/adduser.conf",
  "find /usr/lib -maxdepth 3 -ls",
  "sha256sum /bin/ls /bin/cat /bin/sh",
  "head -c 300000 /var/lib/dpkg/status",
  "head -c 300000 /var/log/dpkg.log",
];

Deno.test("redact() leaves what this host prints alone: no false positive", async () => {
  const changed: string[] = [];
  let bytes = 0;
  for (const command of COMMANDS) {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", command], stdin: "null", stderr: "null" }).output();
    bytes += stdout.length;
    const text = new TextDecoder().decode(stdout);
    const before = text.split("\n");
    const after = new Redactor().redact(text).split("\n");
    changed.push(
      ...after.filter((line, index) => line !== before[index]).map((line) => `${command}: ${line.slice(0, 300)}`),
    );
  }
  assert.ok(bytes > 100_000, `${bytes} bytes`);
  assert.deepEqual(changed, []);
});
