/** What programs of every family have alike: a loaded object that ends once and holds the counts. */
import type { ProgramFilters } from "./config.ts";
import type { Counts } from "./counts.ts";
import type { LoadedProgram } from "./loaded_program.ts";
import type { ProgramOptions } from "./program.ts";

export abstract class BaseProgram implements Disposable {
  protected abstract readonly loaded: LoadedProgram;

  constructor(protected readonly options: ProgramOptions) {}

  get filters(): ProgramFilters {
    return this.options.filters;
  }

  get ended(): boolean {
    return this.loaded.ended;
  }

  get counts(): Counts {
    return this.loaded.counts;
  }

  [Symbol.dispose](): void {
    this.loaded[Symbol.dispose]();
  }
}
