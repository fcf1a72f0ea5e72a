/** Which names say that their value is a secret, and which values cannot be one. */

/** How sure a name makes it: a password may be any word, a `token` in prose need not be one. */
export type Sureness = "password" | "token" | "random";

/** Last words of names, or endings of a word that is written in one. */
const PASSWORDS =
  /(?:passw(?:or)?ds?|passphrases?|passcode|passwort|kennwort|pgpassword|requirepass|masterauth|bindpw|rootpw|storepass|keypass|sshpass|authtok)$/;
const PASSWORD_WORDS: ReadonlySet<string> = new Set(["pass", "pwd", "pw", "psk", "passwd", "userpass"]);
const GLUED_PASS = /(?:db|smtp|mysql|ftp|http|proxy|root|admin|user|mail|pg|ldap|redis|imap|my)(?:pass|pwd|pw)$/;
const TOKENS =
  /(?:secrets?|tokens?|apikeys?|secretkey|privatekey|accesskey|accountkey|authkey|presharedkey|masterkey|signingkey|encryptionkey|sharedkey|sharedaccesskey|sharedaccesssignature|passkey|pskkey|wepkey\d?)$/;
const KEY_QUALIFIERS: ReadonlySet<string> = new Set(
  ("api access secret private encryption encrypt decrypt decryption signing sign master account shared preshared auth " +
    "app application storage hmac cipher deploy deployment service session license licence client webhook admin user " +
    "subscription functions host stripe consumer wep aes crypto jwt token key cookie base nonce in secure logged object")
    .split(" "),
);
const SESSIONS =
  /^(?:phpsessid|jsessionid|sessionid|session[_-]id|asp\.net_sessionid|connect\.sid|laravel_session|sid|session|sess|csrf|xsrf|cookie|magic_cookie|code|assertion|mnemonic|auth|_auth|dsn)$/;
/** Their values are secrets when they look like ones. */
const RANDOM_WORDS: ReadonlySet<string> = new Set([
  "signature",
  "sig",
  "credential",
  "credentials",
  "salt",
  "sid",
  "cookie",
  "key",
  "otp",
  "seed",
  "nonce",
]);
/** Words after the noun that change nothing: DB_PASSWORD_PROD, password_hash, TOKEN_2. */
const SUFFIXES: ReadonlySet<string> = new Set(
  ("value old new current plain text hash hashed crypt encrypted b64 base64 prod production dev stage staging live " +
    "string raw primary secondary main data backup ro rw").split(" "),
);
const SECRET_WORD = /pass(?:w|phrase)|secret|token|credential|api_?key|private_?key|access_?key/;

const KNOWN_NAMES = new Map<string, Sureness | undefined>();
const MAX_KNOWN_NAMES = 10_000;

/** What a name says of its value; undefined: nothing. */
export function surenessOf(name: string): Sureness | undefined {
  if (KNOWN_NAMES.has(name)) return KNOWN_NAMES.get(name);
  if (KNOWN_NAMES.size > MAX_KNOWN_NAMES) KNOWN_NAMES.clear();
  const sureness = judgeName(name);
  KNOWN_NAMES.set(name, sureness);
  return sureness;
}

function judgeName(name: string): Sureness | undefined {
  const bare = name.replace(/^[-_.$@]+/, "");
  if (SESSIONS.test(bare.toLowerCase())) return "random";
  const words = bare.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[\s_.\-\d[\]]+/).filter((word) =>
    word !== ""
  );
  const had = words.length;
  while (words.length > 1 && SUFFIXES.has(words.at(-1) ?? "")) words.pop();
  const last = words.at(-1) ?? "";
  const before = words.at(-2) ?? "";
  if (PASSWORDS.test(last) || PASSWORD_WORDS.has(last) || GLUED_PASS.test(last)) return "password";
  if (TOKENS.test(last) || TOKENS.test(before + last)) return "token";
  if (last === "key" && KEY_QUALIFIERS.has(before)) return "token";
  // client-key-data, certificate-authority-data: of a kubeconfig
  if (had > words.length && /^(?:key|certificate|authority)$/.test(last)) return "token";
  return RANDOM_WORDS.has(last) || SECRET_WORD.test(bare.toLowerCase()) ? "random" : undefined;
}

/** Values that a configuration, a program's text or a manual puts where a secret would be. */
const NO_SECRETS: ReadonlySet<string> = new Set(
  ("none null nil true false yes no on off disabled enabled disable enable prompt required require optional sufficient " +
    "requisite include expired expires never empty unset undefined unknown invalid incorrect wrong failed failure " +
    "missing locked changed change changes set not is was the for a an in of to and or must may can should if with " +
    "from by file files systemd compat ldap sss nis db default auto ask any all string str bool boolean int integer " +
    "number bytes object function amd64 arm64 armhf i386 x86_64 noarch aarch64 authentication authenticated " +
    "self this return await new expires: updated successfully success ok hidden redacted masked removed omitted " +
    "example plain md5 sha sha1 sha256 sha512 sha-256 sha-512 yescrypt bcrypt scram-sha-256 peer trust ident cert " +
    "text type field input option optional) argument value values key keys token tokens password passwords secret " +
    "secrets username user users login root enter retype confirm your")
    .split(" "),
);
const VARIABLE = /^(?:\$\{?\w|\$\(|\{\{|%[sdv(]|%\w+%$|<%|#\{|@@|__\w+__$|ENC\[)/;
const MASKED = /^(?:[*xX•.?#-]{3,}|\*+|x+|!+|!?\*|<[\w\s:.-]+>|\[[\w\s]+\]|\(.*\)?|-|\.\.\.|…)$/;
const PATH =
  /^(?:~|\.{0,2})?\/(?:etc|var|run|usr|home|root|opt|tmp|proc|sys|dev|srv|mnt|lib|lib64|bin|sbin|data|media|boot|nix|snap)(?:\/|$)|^\/[\w.-]+(?:\/[\w.-]+)+\/?$(?<!\d[A-Za-z]\w{10,})/;
const CODE =
  /^[\w.>-]*[\w\])]\(|^(?:lambda|func|function|new|os\.|process\.env|env\.|self\.|this\.|ctx\.|request\.|config\.|System\.)|^(?:char|const|void|static|struct)\b|^[a-z]\w*(?:->|::)\w/;

/** Whether a value can be the secret that its name speaks of. */
export function isPlausible(
  value: string,
  sureness: Sureness,
  written: { readonly quoted: boolean; readonly inConfig: boolean },
): boolean {
  if (
    value.length < 3 || NO_SECRETS.has(value.toLowerCase().replace(/[.,;:!)]+$/, "")) || VARIABLE.test(value) ||
    MASKED.test(value)
  ) return false;
  // roff: \fBpassword\fR
  if (/\\f[BRIP]|\\[(&*]/.test(value)) return false;
  if (PATH.test(value) || (!written.quoted && CODE.test(value)) || /^https?:\/\/[^@\s]*$/.test(value)) return false;
  if (/^0x[0-9a-f]{1,16}$/i.test(value) && sureness !== "password") return false;
  if (sureness === "random") return isRandom(value);
  if (/^[\d.,]+$/.test(value)) return sureness === "password" ? value.length >= 4 : value.length >= 10;
  if (written.quoted || written.inConfig) return sureness === "password" || value.length >= 4;
  // In running text: a word is a word, and nothing shorter than this is worth the confusion.
  return sureness === "password"
    ? value.length >= 4 && !/^[a-z]+$/.test(value)
    : value.length >= 8 && /\d/.test(value) && /[A-Za-z]/.test(value);
}

/** Long, of several kinds of characters, and few of them twice. */
export function isRandom(value: string): boolean {
  if (value.length < 16 || /\s/.test(value) || !/\d/.test(value) || !/[A-Za-z]/.test(value)) return false;
  if (
    /^(?:sha\d+|md5)[:-]/i.test(value) ||
    /^[\w.-]+\.(?:service|socket|path|target|mount|conf|so|py|txt|log|deb|rpm)\b/.test(value)
  ) return false;
  return new Set(value).size >= 8 && !/^[a-z]+(?:[-_.:/][a-z]+)*[-_.]?\d{0,4}$/i.test(value);
}

/** Strong enough that it is looked for everywhere: anything else would turn words of ordinary text into secrets. */
export function isDistinctive(value: string): boolean {
  if (value.length < 6 || NO_SECRETS.has(value.toLowerCase()) || PATH.test(value)) return false;
  if (/^[\d.:,-]+$/.test(value)) return value.length >= 10 && /^\d+$/.test(value);
  if (/^[A-Za-z]?[a-z]+$|^[A-Z]+$/.test(value)) return value.length >= 16;
  if (/^[a-z]+(?:[-_. ][a-z]+)*$/i.test(value)) return value.length >= 20;
  const classes = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9\s_.-]/].filter((kind) => kind.test(value)).length;
  return classes >= 2 || value.length >= 16;
}
