/** Syntax that bash reads and dash does not: what of it is followed, and which lines need it. */
import type { SyntaxNode, Word } from "unbash";
import { setsPipefail } from "./shell_state.ts";
import { type Refusal, refusal } from "./verdict.ts";
import { expandFields, type Variables, withoutBraces } from "./words.ts";

/** Tests of files and strings; `-v`, `-R` and `-o` look into the shell itself, and the first evaluates its operand. */
const UNARY_TESTS = /^-[abcdefghknprstuwxzGLNOS]$/;
const TEXT_TESTS = new Set(["=", "==", "!=", "=~", "<", ">", "-nt", "-ot", "-ef"]);
/** These evaluate their operands as arithmetic, and with it commands in the indices of arrays. */
const NUMBER_TESTS = new Set(["-eq", "-ne", "-lt", "-le", "-gt", "-ge"]);
const NUMBERS = /^[-\d\s\uE000]*$/;
/** Escapes that every bash reads alike. */
const ANSI_C = /^\$'(?:[^'\\]|\\(?:[nt\\'"]|x(?:[2-6][0-9a-fA-F]|7[0-9a-eA-E])(?![0-9a-fA-F])))*'$/;
const DELIMITER = /^(\w+|'\w+'|"\w+")$/;

/** Why a piece of bash's own syntax, or a here-document, is refused. */
export function bashRefusal(node: SyntaxNode, variables: Variables): Refusal | undefined {
  switch (node.type) {
    case "TestUnary":
      return UNARY_TESTS.test(node.operator)
        ? undefined
        : refusal("test/evaluates", `[[ ${node.operator} ]] is refused: it can evaluate its operand.`);
    case "TestBinary":
      return testRefusal(node, variables);
    case "AnsiCQuoted":
      return ANSI_C.test(node.text)
        ? undefined
        : refusal("syntax/unsupported", `${node.text} is not allowed: only \\n, \\t, \\\\, quotes and \\x20 to \\x7e.`);
    case "ProcessSubstitution":
      return node.operator === "<"
        ? undefined
        : refusal("syntax/unsupported", `${node.text} is not allowed: use a pipe.`);
    case "Word":
      return mixesPipe(node)
        ? refusal("syntax/unsupported", `${node.text} is not allowed: <( ) must be a word of its own.`)
        : undefined;
    case "HereDoc":
      return hereDocRefusal(node);
    default:
      return undefined;
  }
}

/** Whether sh may not know what this is; it would fail or do something else. */
export function needsBash(node: SyntaxNode): boolean {
  switch (node.type) {
    case "TestCommand":
    case "ProcessSubstitution":
    case "BraceExpansion":
    case "AnsiCQuoted":
    case "HereString":
    case "Replace":
    case "Slice":
    case "CaseModification":
    case "Time":
      return true;
    case "Pipeline":
      return node.operators.includes("|&");
    case "CaseItem":
      return node.terminator === ";&" || node.terminator === ";;&";
    case "Command":
      return setsPipefail(node);
    case "Redirect":
      return node.operator.startsWith("&") || (node.operator === ">&" && node.target?.text.startsWith("/") === true);
    default:
      return false;
  }
}

/** Whether it is known what the braces of a word become. */
export function isFollowedBrace(word: Word): boolean {
  return withoutBraces(word) !== undefined;
}

function testRefusal(
  { operator, left, right }: Extract<SyntaxNode, { type: "TestBinary" }>,
  variables: Variables,
): Refusal | undefined {
  if (TEXT_TESTS.has(operator)) return undefined;
  if (!NUMBER_TESTS.has(operator)) return refusal("syntax/unsupported", `[[ ${operator} ]] is not allowed.`);
  const unknown = [left, right].find((word) => !isNumber(word, variables));
  return unknown === undefined ? undefined : refusal(
    "syntax/arithmetic",
    `[[ ${operator} ]] evaluates ${unknown.text}, which is not certain to be a number: use [ ].`,
  );
}

function isNumber(word: Word, variables: Variables): boolean {
  return variables.bindings([word]).every((binding) => expandFields(word, binding).every((text) => NUMBERS.test(text)));
}

function mixesPipe({ parts = [] }: Word): boolean {
  return parts.length > 1 && parts.some(({ type }) => type === "ProcessSubstitution");
}

/** Shells agree where a here-document ends, and what is expanded in it, as long as it is plain. */
function hereDocRefusal({ delimiter, body, closing }: Extract<SyntaxNode, { type: "HereDoc" }>): Refusal | undefined {
  const refused = (why: string): Refusal => refusal("syntax/here-document", `This here-document is refused: ${why}.`);
  if (closing === undefined) return refused("the line that ends it is missing");
  if (delimiter === undefined || !DELIMITER.test(delimiter.text)) return refused("the word that ends it must be plain");
  if (delimiter.quoted) return undefined;
  if (body.text.includes("\\")) return refused("quote its end word, as in <<'EOF', to have backslashes in it");
  const spread = body.parts?.some((part) => part.type === "CommandExpansion" && part.text.includes("\n"));
  return spread === true ? refused("a command substitution in it must stand in one line") : undefined;
}
