/** The C expressions that the kernel writes into `print fmt`: read into a tree, constants computed. */

export type Node =
  | { readonly kind: "number"; readonly value: bigint }
  | { readonly kind: "text"; readonly value: string }
  /** `REC->name`; `REC->name[2]` and `&REC->name` are `other`. */
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Node[] }
  | { readonly kind: "braces"; readonly items: readonly Node[] }
  | { readonly kind: "unary"; readonly operator: string; readonly operand: Node }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Node; readonly right: Node }
  | { readonly kind: "choice"; readonly condition: Node; readonly yes: Node; readonly no: Node }
  /** Something that has no constant value and is not a plain field. */
  | { readonly kind: "other" };

/** Gives a named constant (an enum value that the kernel left as its name) its number. */
export type ConstantLookup = (name: string) => bigint | undefined;

const TOKEN =
  /\s*(?:("(?:[^"\\]|\\.)*")|(0[xX][0-9a-fA-F]+|\d+)[uUlL]*|([A-Za-z_]\w*)|('(?:[^'\\]|\\.)')|(->|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>?:,.;=(){}[\]]))/y;

const BINARY: Readonly<Record<string, number>> = {
  "||": 1,
  "&&": 2,
  "|": 3,
  "^": 4,
  "&": 5,
  "==": 6,
  "!=": 6,
  "<": 7,
  ">": 7,
  "<=": 7,
  ">=": 7,
  "<<": 8,
  ">>": 8,
  "+": 9,
  "-": 9,
  "*": 10,
  "/": 10,
  "%": 10,
};

const TYPE_WORD =
  /^(?:const|volatile|struct|union|enum|unsigned|signed|char|short|int|long|bool|void|_Bool|__force|__user|[us](?:8|16|32|64)|__[usbl]e?(?:8|16|32|64)|\w+_t)$/;

const TYPE_BITS: readonly [RegExp, number][] = [
  [/\*/, 64],
  [/\b(?:__)?u8\b|unsigned char/, 8],
  [/\b(?:__)?u16\b|unsigned short/, 16],
  [/\b(?:__)?u32\b|^unsigned(?: int)?$|uint32_t|gfp_t|vm_fault_t/, 32],
];

/** Deeper than any expression of a real kernel, and far from the end of the stack. */
const MAX_DEPTH = 150;
const MAX_SHIFT = 64n;

/** A text that is no C expression this parser knows. Caught by `parsePrintFmt`, never seen outside. */
class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

/**
 * Splits `"text", a, b` into the arguments' trees. An argument that is not understood is `other`, the ones after it are
 * read all the same.
 */
export function parseArguments(source: string): Node[] {
  const tokens = tokenize(foldNumbers(source));
  const args: Node[] = [];
  let start = 0;
  let depth = 0;
  for (let i = 0; i <= tokens.length; i++) {
    const token = tokens[i];
    if (token === "(" || token === "{" || token === "[") depth++;
    else if (token === ")" || token === "}" || token === "]") depth--;
    if (token !== undefined && (token !== "," || depth > 0)) continue;
    args.push(parseOrOther(tokens.slice(start, i)));
    start = i + 1;
  }
  return args;
}

/** The value of an expression without fields; undefined when it has none. */
export function constantOf(node: Node, lookup: ConstantLookup): bigint | undefined {
  switch (node.kind) {
    case "number":
      return node.value;
    case "name":
      return lookup(node.name);
    case "unary":
      return unaryValue(node.operator, constantOf(node.operand, lookup));
    case "binary":
      return binaryValue(node.operator, constantOf(node.left, lookup), constantOf(node.right, lookup));
    case "choice": {
      const condition = constantOf(node.condition, lookup);
      return condition === undefined ? undefined : constantOf(condition !== 0n ? node.yes : node.no, lookup);
    }
    default:
      return undefined;
  }
}

function parseOrOther(tokens: readonly string[]): Node {
  try {
    return new Parser(tokens).whole();
  } catch (error) {
    if (error instanceof ExpressionError) return { kind: "other" };
    throw error;
  }
}

const STRING = /"(?:[^"\\]|\\.)*"/g;
const WIDE_CAST = /\(\s*(?:unsigned long|gfp_t)\s*\)/g;
const PAREN_NUMBER = /(?<!\w)\(\s*((?:0x[\da-fA-F]+|\d+)[uUlL]*)\s*\)/g;
const PAREN_BIT = /(?<!\w)\(\s*1[uUlL]*\s*<<\s*(\d+)\s*\)/g;

/**
 * Takes the macros' parentheses off numbers: `((((1UL))) << (10))` becomes 1024. The table of allocation flags has two
 * thousand tokens otherwise, and reading it before any code is warm takes longer than attaching the program.
 */
function foldNumbers(source: string): string {
  const strings: string[] = [];
  let text = source.replace(STRING, (string) => `"${strings.push(string) - 1}"`).replace(WIDE_CAST, "");
  for (let before = ""; before !== text;) {
    before = text;
    text = text.replace(PAREN_NUMBER, "$1").replace(PAREN_BIT, bitOf);
  }
  return text.replace(/"(\d+)"/g, (_, index: string) => strings[Number(index)] ?? '""');
}

function bitOf(whole: string, bit: string): string {
  return Number(bit) < 64 ? `${1n << BigInt(bit)}` : whole;
}

function tokenize(source: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const match = TOKEN.exec(source);
    if (match === null) break; // the rest is left out: fields in it stay numbers
    tokens.push(match[1] ?? match[2] ?? match[3] ?? match[4] ?? match[5] ?? "");
  }
  return tokens;
}

class Parser {
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  whole(): Node {
    const node = this.#expression();
    if (this.#at < this.#tokens.length) throw new ExpressionError(`left over: ${this.#peek()}`);
    return node;
  }

  #peek(ahead = 0): string {
    return this.#tokens[this.#at + ahead] ?? "";
  }

  #take(): string {
    return this.#tokens[this.#at++] ?? "";
  }

  #expect(token: string): void {
    if (this.#take() !== token) throw new ExpressionError(`no ${token}`);
  }

  #expression(): Node {
    if (++this.#depth > MAX_DEPTH) throw new ExpressionError("too deep");
    const condition = this.#binary(1);
    let node = condition;
    if (this.#peek() === "?") {
      this.#at++;
      const yes = this.#expression();
      this.#expect(":");
      node = { kind: "choice", condition, yes, no: this.#expression() };
    }
    this.#depth--;
    return node;
  }

  #binary(lowest: number): Node {
    let left = this.#unary();
    for (;;) {
      const operator = this.#peek();
      const rank = BINARY[operator];
      if (rank === undefined || rank < lowest) return left;
      this.#at++;
      left = { kind: "binary", operator, left, right: this.#binary(rank + 1) };
    }
  }

  #unary(): Node {
    const operator = this.#peek();
    if (operator === "-" || operator === "~" || operator === "!" || operator === "+") {
      this.#at++;
      return { kind: "unary", operator, operand: this.#guarded() };
    }
    if (operator === "&" || operator === "*") {
      this.#at++;
      this.#guarded();
      return { kind: "other" };
    }
    if (operator === "(") {
      const type = this.#castType();
      if (type !== undefined) return cast(type, this.#guarded());
    }
    return this.#postfix();
  }

  #guarded(): Node {
    if (++this.#depth > MAX_DEPTH) throw new ExpressionError("too deep");
    const node = this.#unary();
    this.#depth--;
    return node;
  }

  /** Takes `(type)` when it is one; `(NAME)` alone is a value in parentheses. */
  #castType(): string | undefined {
    let ahead = 1;
    const words: string[] = [];
    while (/^\w/.test(this.#peek(ahead)) || (words.length > 0 && this.#peek(ahead) === "*")) {
      words.push(this.#peek(ahead++));
    }
    const [first = ""] = words;
    const isType = TYPE_WORD.test(first) || (words.length > 1 && words.includes("*"));
    if (this.#peek(ahead) !== ")" || !isType) return undefined;
    this.#at += ahead + 1;
    return words.join(" ");
  }

  #postfix(): Node {
    let node = this.#primary();
    for (;;) {
      const token = this.#peek();
      if (token === "[") {
        this.#at++;
        this.#expression();
        this.#expect("]");
      } else if (token === "." || token === "->") {
        this.#at += 2;
      } else if (token === "(" && node.kind === "name") {
        this.#at++;
        node = { kind: "call", name: node.name, args: this.#list(")") };
        continue;
      } else return node;
      node = { kind: "other" };
    }
  }

  #primary(): Node {
    const token = this.#take();
    if (token === "(") {
      const node = this.#expression();
      this.#expect(")");
      return node;
    }
    if (token === "{") return { kind: "braces", items: this.#list("}") };
    if (token.startsWith('"')) return { kind: "text", value: this.#text(token) };
    if (token.startsWith("'")) return { kind: "number", value: BigInt(unquote(token).codePointAt(0) ?? 0) };
    if (/^\d/.test(token)) return { kind: "number", value: numberOf(token) };
    if (token === "REC" && this.#peek() === "->") {
      this.#at++;
      return { kind: "field", name: this.#take() };
    }
    if (/^[A-Za-z_]/.test(token)) return { kind: "name", name: token };
    throw new ExpressionError(`unexpected ${token}`);
  }

  /** Adjacent string literals are one. */
  #text(first: string): string {
    let text = unquote(first);
    while (this.#peek().startsWith('"')) text += unquote(this.#take());
    return text;
  }

  #list(end: string): Node[] {
    const items: Node[] = [];
    while (this.#peek() !== end) {
      items.push(this.#expression());
      if (this.#peek() === ",") this.#at++;
      else if (this.#peek() !== end) throw new ExpressionError(`no ${end}`);
    }
    this.#at++;
    return items;
  }
}

/** A narrowing cast is a mask; around a field only where it takes bits away from an int. */
function cast(type: string, operand: Node): Node {
  const bits = TYPE_BITS.find(([pattern]) => pattern.test(type))?.[1];
  if (bits === undefined || bits === 64 || operand.kind === "call") return operand;
  if (operand.kind === "field" || (bits >= 32 && !isConstant(operand))) return operand;
  return { kind: "binary", operator: "&", left: operand, right: { kind: "number", value: (1n << BigInt(bits)) - 1n } };
}

function isConstant(node: Node): boolean {
  if (node.kind === "unary") return isConstant(node.operand);
  if (node.kind === "binary") return isConstant(node.left) && isConstant(node.right);
  return node.kind === "number" || node.kind === "name";
}

function numberOf(token: string): bigint {
  return /^0\d+$/.test(token) ? BigInt(`0o${token.slice(1).replace(/[89].*$/, "") || "0"}`) : BigInt(token);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", "0": "\0", r: "\r" };

function unquote(token: string): string {
  return token.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);
}

function unaryValue(operator: string, value: bigint | undefined): bigint | undefined {
  if (value === undefined) return undefined;
  if (operator === "-") return -value;
  if (operator === "~") return ~value;
  return operator === "!" ? truth(value === 0n) : value;
}

function binaryValue(operator: string, left: bigint | undefined, right: bigint | undefined): bigint | undefined {
  if (left === undefined || right === undefined) return undefined;
  switch (operator) {
    case "|":
      return left | right;
    case "&":
      return left & right;
    case "^":
      return left ^ right;
    case "<<":
      return right < 0n || right > MAX_SHIFT ? undefined : BigInt.asIntN(128, left << right);
    case ">>":
      return right < 0n || right > MAX_SHIFT ? undefined : left >> right;
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return BigInt.asIntN(128, left * right);
    case "/":
      return right === 0n ? undefined : left / right;
    case "%":
      return right === 0n ? undefined : left % right;
    default:
      return comparison(operator, left, right);
  }
}

function comparison(operator: string, left: bigint, right: bigint): bigint | undefined {
  switch (operator) {
    case "==":
      return truth(left === right);
    case "!=":
      return truth(left !== right);
    case "<":
      return truth(left < right);
    case ">":
      return truth(left > right);
    case "<=":
      return truth(left <= right);
    case ">=":
      return truth(left >= right);
    case "&&":
      return truth(left !== 0n && right !== 0n);
    case "||":
      return truth(left !== 0n || right !== 0n);
    default:
      return undefined;
  }
}

function truth(condition: boolean): bigint {
  return condition ? 1n : 0n;
}
