/** A place in a text of JSON that may hold comments and strange white space. Every look ahead is bounded. */
import type { Mend } from "./marks.ts";

const NOT_SPACE = /[^\s\u200b\u2060]/g;

/** A name and its colon, as they follow a comma or a brace. Names of more characters are none that ktriage knows. */
const NAME =
  /(?:"(?:[^"\\\n]|\\.){1,80}"|'[^'\\\n]{1,80}'|`[^`\\\n]{1,80}`|[“”„][^“”\n]{1,80}[“”]|[A-Za-z_$][\w$.-]{0,80})\s{0,20}[:=]/y;

export class Cursor {
  at = 0;
  /** From here on no comment is closed: found out once, not once for each. */
  #unclosed_from = Infinity;
  #line_end = -1;

  constructor(readonly text: string, readonly mends: Set<Mend>) {}

  get char(): string {
    return this.text.charAt(this.at);
  }

  get ended(): boolean {
    return this.at >= this.text.length || this.text.startsWith("```", this.at);
  }

  /** The next place from `from` on that is no white space; the text's length when there is none. */
  pastSpace(from: number): number {
    NOT_SPACE.lastIndex = from;
    return NOT_SPACE.test(this.text) ? NOT_SPACE.lastIndex - 1 : this.text.length;
  }

  /** Moves on to what is neither white space nor a comment. */
  skip(): void {
    for (;;) {
      this.at = this.pastSpace(this.at);
      const end = this.#commentEnd();
      if (end === undefined) return;
      this.mends.add("comments");
      this.at = end;
    }
  }

  /** Whether a name with its colon stands there. */
  nameAt(place: number): boolean {
    NAME.lastIndex = place;
    return NAME.test(this.text);
  }

  /** Whether a comment begins there. */
  commentAt(place: number): boolean {
    return this.text[place] === "#" || this.text.startsWith("//", place) || this.text.startsWith("/*", place);
  }

  #commentEnd(): number | undefined {
    if (!this.commentAt(this.at)) return undefined;
    if (this.text[this.at + 1] !== "*") return this.#lineEnd();
    if (this.at >= this.#unclosed_from) return undefined;
    const end = this.text.indexOf("*/", this.at + 2);
    if (end === -1) {
      this.#unclosed_from = this.at;
      return undefined;
    }
    return end + 2;
  }

  #lineEnd(): number {
    if (this.#line_end < this.at) {
      const end = this.text.indexOf("\n", this.at);
      this.#line_end = end === -1 ? this.text.length : end;
    }
    return this.#line_end;
  }
}
