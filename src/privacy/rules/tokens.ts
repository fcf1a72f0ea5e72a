/** Tokens and hashes that tell by their own form what they are. */
import { type Found, isWordCharacter, NOTHING, type Rule } from "./rule.ts";

/** A beginning, and what the whole looks like; lengths allow for a token that was cut. */
const TOKENS: readonly (readonly [beginnings: readonly string[], whole: RegExp])[] = [
  // AWS: key ids are half of a credential, and say whose it is
  [["AKIA", "ASIA", "ABIA", "ACCA"], /A[KSBC][ICI]A[A-Z2-7]{12,16}(?![A-Za-z0-9])/y],
  [["AIza"], /AIza[\w-]{20,}/y],
  [["ya29."], /ya29\.[\w.-]{16,}/y],
  [["1//0"], /1\/\/0[\w-]{24,}/y],
  [["GOCSPX-"], /GOCSPX-[\w-]{16,}/y],
  [["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], /gh[pousr]_[A-Za-z0-9]{12,}/y],
  [["github_pat_"], /github_pat_\w{12,}/y],
  [
    ["glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glft-", "glsoat-", "glimt-", "glagent-"],
    /gl[a-z]{2,6}-[\w.-]{12,}/y,
  ],
  [["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-", "xoxe.", "xapp-"], /x(?:ox[a-z]|app)[-.][\w.-]{10,}/y],
  [["sk_live_", "sk_test_", "rk_live_", "rk_test_", "pk_live_"], /[srp]k_(?:live|test)_[A-Za-z0-9]{10,}/y],
  [["whsec_"], /whsec_[\w+/=]{12,}/y],
  [["npm_"], /npm_[A-Za-z0-9]{24,}/y],
  [["pypi-"], /pypi-[\w-]{32,}/y],
  [["SG."], /SG\.[\w-]{16,}\.[\w-]{16,}/y],
  [["key-"], /key-[0-9a-f]{32}(?![\w-])/y],
  [["sk-"], /sk-(?:ant-|proj-|svcacct-|admin-|or-)?[\w-]{18,}/y],
  [["hf_"], /hf_[A-Za-z0-9]{20,}/y],
  [["r8_"], /r8_[A-Za-z0-9]{30,}/y],
  [["gsk_"], /gsk_[A-Za-z0-9]{30,}/y],
  [["dop_v1_", "doo_v1_", "dor_v1_"], /do[opr]_v1_[0-9a-f]{16,}/y],
  [["hvs.", "hvb.", "hvr."], /hv[sbr]\.[\w-]{16,}/y],
  [["dckr_pat_", "dckr_oat_"], /dckr_[po]at_[\w-]{12,}/y],
  [["shpat_", "shpss_", "shpca_", "shppa_"], /shp(?:at|ss|ca|pa)_[0-9a-fA-F]{16,}/y],
  [["lin_api_"], /lin_api_\w{16,}/y],
  [["secret_"], /secret_[A-Za-z0-9]{32,}/y],
  [["ntn_"], /ntn_[A-Za-z0-9]{30,}/y],
  [["sbp_"], /sbp_[0-9a-f]{32,}/y],
  [["rubygems_"], /rubygems_[0-9a-f]{32,}/y],
  [["glsa_", "glc_ey"], /gl(?:sa|c)_[A-Za-z0-9_+/=]{20,}/y],
  [["NRAK-", "NRJS-", "NRII-"], /NR(?:AK|JS|II)-[\w-]{16,}/y],
  [["ATATT3", "ATCTT3", "ATBB"], /AT(?:ATT3|CTT3|BB)[\w=-]{20,}/y],
  [["PMAK-"], /PMAK-[0-9a-f]{16,}-?[0-9a-f]*/y],
  [["pscale_"], /pscale_(?:tkn|pw|oauth)_[\w.=-]{16,}/y],
  [["sq0atp-", "sq0csp-", "EAAAE"], /(?:sq0(?:atp|csp)-|EAAAE)[\w-]{20,}/y],
  [["tskey-"], /tskey-[a-z]+-[\w-]{8,}/y],
  [["age-secret-key-"], /age-secret-key-1[a-z0-9]{16,}/iy],
  [["eyJ"], /eyJ[\w-]{6,2000}\.(?:[\w-]{4,8000}|…)(?:\.[\w-]{0,2000}){0,3}/y],
  [
    ["https://hooks.slack.com/", "https://discord.com/api/webhooks", "https://discordapp.com/api/webhooks"],
    /https:\/\/(?:hooks\.slack\.com\/(?:services|workflows|triggers)\/(?<slack>[\w/-]{10,})|discord(?:app)?\.com\/api\/webhooks\/(?<discord>\d+\/[\w-]{10,}))/iy,
  ],
  [["api.telegram.org/bot"], /api\.telegram\.org\/bot(?<telegram>\d{6,12}:[\w-]{20,})/iy],
  // password hashes: they can be guessed at, elsewhere
  [[
    "$1$",
    "$2a$",
    "$2b$",
    "$2y$",
    "$5$",
    "$6$",
    "$7$",
    "$y$",
    "$gy$",
    "$apr1$",
    "$argon2",
    "$scrypt$",
    "$pbkdf2",
    "$sha1$",
  ], /\$(?:[12567]|2[aby]|g?y|apr1|argon2(?:id?|d)|scrypt|pbkdf2[\w-]*|sha1)\$[A-Za-z0-9./,=+$-]{10,}/y],
  [["grub.pbkdf2."], /grub\.pbkdf2\.sha\d+\.\d+\.[0-9A-F.]{20,}/iy],
  [["SCRAM-SHA-"], /SCRAM-SHA-\d+\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=:]+/y],
  [
    ["{SSHA", "{SHA", "{SMD5}", "{MD5}", "{CRYPT}", "{PBKDF2"],
    /\{(?:S?SHA\d*|S?MD5|CRYPT|PBKDF2[\w-]*)\}[A-Za-z0-9+/=.$]{12,}/y,
  ],
  [
    ["MIT-MAGIC-COOKIE-1", "XDM-AUTHORIZATION-1"],
    /(?:MIT-MAGIC-COOKIE|XDM-AUTHORIZATION)-1\s+(?<cookie>[0-9a-f]{16,})/y,
  ],
];

/** One rule for all of them: which one a word belongs to is tried. */
export const TOKEN_RULES: readonly Rule[] = TOKENS.map(([words, whole]) => ({
  words,
  look: ({ text, index }): readonly Found[] => {
    // In the middle of a word it is chance; `-pSECRET` and `bot123` are no such middle for what begins with a letter.
    if (isWordCharacter(text.charCodeAt(index)) && isWordCharacter(text.charCodeAt(index - 1))) return NOTHING;
    whole.lastIndex = index;
    const match = whole.exec(text);
    if (match === null) return NOTHING;
    const [group] = Object.values(match.groups ?? {}).filter((value) => value !== undefined);
    const [value] = match;
    const start = index + (group === undefined ? 0 : value.lastIndexOf(group));
    const written = (group ?? value).replace(/[.,]+$/, "");
    return [{ start, end: start + written.length }];
  },
}));
