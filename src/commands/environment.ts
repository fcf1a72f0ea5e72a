/** The environment that commands get. */

/** Taken over from ktriage's own environment: nothing that could hold a key of a gateway or a password. */
export const PASSED_VARIABLES: readonly string[] = [
  "HOME",
  "USER",
  "LOGNAME",
  "TZ",
  "KUBECONFIG",
  "DOCKER_HOST",
  "XDG_RUNTIME_DIR",
  "DBUS_SYSTEM_BUS_ADDRESS",
];
/** Fixed: what is asked for is found, in the order that an administrator's shell has. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The whole environment of a command; messages come untranslated, so that they can be recognised. */
export function commandEnvironment(own: Readonly<Record<string, string>>): Record<string, string> {
  const passed = PASSED_VARIABLES.flatMap((name) => own[name] === undefined ? [] : [[name, own[name]]]);
  return { ...Object.fromEntries(passed), PATH, LC_ALL: "C", TERM: "dumb", SYSTEMD_COLORS: "0" };
}
