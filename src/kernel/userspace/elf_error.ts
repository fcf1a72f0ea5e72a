/** A file in which ktriage finds no functions; the message says why, as what follows "Cannot …: ". */
export class ElfError extends Error {
  override readonly name = "ElfError";
  constructor(
    message: string,
    readonly hint: string = "Name a 64-bit ELF program or library, by its path.",
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
