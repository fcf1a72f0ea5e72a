/** How a part of the self-test ends otherwise than well. */

const REPORT = "Please report it, with what `ktriage self-test --json` prints: nothing of this host is the reason.";

/** Something that should work here does not. */
export class Fault extends Error {
  override readonly name = "Fault";
  /** @param fix what to do about it; by default it is a bug of ktriage */
  constructor(message: string, readonly fix = REPORT) {
    super(message);
  }
}

/** This host does not have it: no failure. */
export class Absent extends Error {
  override readonly name = "Absent";
  constructor(reason: string, readonly fix?: string) {
    super(reason);
  }
}

/** @throws {Fault} it does not hold */
export function must(holds: boolean, otherwise: () => string): void {
  if (!holds) throw new Fault(otherwise());
}
