/** Server-sent events out of bytes, however these were cut. */

export interface ServerEvent {
  /** `message` unless the event says otherwise. */
  readonly name: string;
  readonly data: string;
}

/**
 * Reads a stream of events (WHATWG HTML, 9.2.6): lines end in LF, CRLF or CR, `data` lines of one event are joined,
 * comments keep the connection open and mean nothing. A line `error: …`, as llama.cpp writes it, is an event of that name.
 */
export class EventStream {
  readonly #decoder = new TextDecoder();
  #line = "";
  #ended_in_cr = false;
  #name = "";
  #data: string[] = [];

  /** @returns the events that these bytes complete */
  push(bytes: Uint8Array): readonly ServerEvent[] {
    return this.#read(this.#decoder.decode(bytes, { stream: true }));
  }

  /** @returns the event before the end, where the empty line after it is missing; it may be cut */
  end(): readonly ServerEvent[] {
    return [...this.#read(this.#decoder.decode()), ...this.#read("\n\n")];
  }

  #read(text: string): readonly ServerEvent[] {
    if (text === "") return [];
    // A CR ended the last line already: the LF after it belongs to that end.
    const rest = this.#ended_in_cr && text.startsWith("\n") ? text.slice(1) : text;
    this.#ended_in_cr = text.endsWith("\r");
    const lines = rest.split(/\r\n|\n|\r/);
    const open = lines.pop() ?? "";
    const events: ServerEvent[] = [];
    for (const piece of lines) {
      const event = this.#take(this.#line + piece);
      this.#line = "";
      if (event !== undefined) events.push(event);
    }
    this.#line += open;
    return events;
  }

  /** Takes one line; an empty one ends an event. */
  #take(line: string): ServerEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#name = value;
    if (field === "error") this.#name = "error";
    if (field === "data" || field === "error") this.#data.push(value);
    return undefined;
  }

  #dispatch(): ServerEvent | undefined {
    const event = { name: this.#name === "" ? "message" : this.#name, data: this.#data.join("\n") };
    const given = this.#data.length > 0;
    this.#name = "";
    this.#data = [];
    return given ? event : undefined;
  }
}
