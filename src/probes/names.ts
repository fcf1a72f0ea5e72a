/**
 * Gives each name once: a name that is taken gets a number appended (`disk`, `disk_2`, `disk_3`).
 *
 * @param taken names that must not be given
 * @returns a function from the wanted name to the name to use
 */
export function nameGiver(taken: Iterable<string> = []): (wanted: string) => string {
  const given = new Set(taken);
  return (wanted) => {
    let name = wanted;
    for (let number = 2; given.has(name); number++) name = `${wanted}_${number}`;
    given.add(name);
    return name;
  };
}
