/** A capture that somebody named: found by the kernel's types, or refused with what exists. */
import { type Capture, MAX_STEPS } from "../capture.ts";
import { nearest } from "../nearest.ts";
import { captureAt, returnCapture, shownGet } from "./captures.ts";
import { type Format, formatGet, type Held } from "./formats.ts";
import { KIND } from "./image.ts";
import { knownGet } from "./known.ts";
import {
  argumentPlace,
  elementOf,
  followed,
  isWhole,
  memberNames,
  memberOf,
  returnPlace,
  structAt,
  type TypedPlace,
} from "./place.ts";
import type { Get, ReadList } from "./read_list.ts";
import { mayBeUser, scalarGet } from "./scalars.ts";
import type { Signature } from "./signature.ts";
import { type Expression, parseExpression, type Refusal, type WrittenStep } from "./syntax.ts";
import { bareType, isCompound, pointedTo, sizeOf, typeText } from "./types.ts";

export type CaptureResult = { readonly ok: true; readonly capture: Capture } | Refusal;

/** Names that are shown where one was wrong. */
const MAX_NAMES = 30;
/** What is not one value is a struct of these. */
const PATH_STRUCTS: ReadonlySet<string> = new Set(["file", "dentry", "path"]);

/**
 * Resolves a capture for a function.
 *
 * @param text as {@link parseExpression} understands it; `ret` and what it points to are there when the function returns
 * @returns a refusal names the fields or arguments that exist
 * @throws {SyntaxError} the kernel's BTF is broken
 */
export function captureOf(text: string, signature: Signature): CaptureResult {
  const parsed = parseExpression(text);
  if (!parsed.ok) return parsed;
  const { expression } = parsed;
  const returned = isReturnAlone(expression) ? returnCapture(signature) : undefined;
  if (returned !== undefined) return { ok: true, capture: returned };
  const start = startOf(expression, signature);
  if ("error" in start) return start;
  let place: TypedPlace = start;
  for (const step of expression.steps) {
    const next = stepTo(place, step);
    if ("error" in next) return next;
    place = next;
  }
  return shownAs(expression, place);
}

/** Without a field or a format it is the result, in which a pointer may stand for an error. */
function isReturnAlone({ first, steps, cast, format }: Expression): boolean {
  return first === "ret" && steps.length === 0 && cast === undefined && format === undefined;
}

function refuse(error: string, hint: string): Refusal {
  return { ok: false, error, hint };
}

function startOf(expression: Expression, signature: Signature): TypedPlace | Refusal {
  const { first, cast } = expression;
  const place = first === "ret" ? returnPlace(signature) : namedArgument(first, signature);
  if (place === undefined) return noSuchStart(first, signature);
  if (cast === undefined) return place;
  const type = signature.btf.find(cast, [KIND.struct, KIND.union]);
  if (type !== undefined) return { ...place, type, where: { kind: "memory", path: followed(place) } };
  return refuse(
    `Cannot capture "${expression.name}": this kernel's BTF has no struct ${cast}`,
    "look at its type without the cast",
  );
}

function namedArgument(name: string, signature: Signature): TypedPlace | undefined {
  const { parameters } = signature;
  const numbered = /^arg(\d+)$/.exec(name)?.[1];
  const parameter = parameters.find((each) => each.name === name) ??
    (numbered === undefined ? undefined : parameters[Number(numbered)]);
  return parameter && argumentPlace(signature, parameter);
}

function noSuchStart(first: string, signature: Signature): Refusal {
  const { name, parameters, text } = signature;
  if (first === "ret") return refuse(`Cannot capture "ret": ${name} returns nothing`, `it is ${text}`);
  if (parameters.some((each) => each.name === first)) {
    return refuse(`Cannot capture "${first}" of ${name}: it is handed over on the stack`, `it is ${text}`);
  }
  const near = nearest(first, parameters.map((each) => each.name));
  const meant = near.length > 0 ? `nearest: ${near.join(", ")}; ` : "";
  return refuse(`Cannot capture "${first}": ${name} has no such argument`, `${meant}it is ${text}`);
}

function stepTo(place: TypedPlace, step: WrittenStep): TypedPlace | Refusal {
  switch (step.kind) {
    case "field":
      return memberOf(place, step.name) ?? noSuchField(place, step);
    case "element":
      return elementOf(place, step.index) ?? noSuchElement(place, step);
    case "offset": {
      if (!isWhole(place)) {
        return refuse(`Cannot capture "${step.text}": what is in front of + is no address`, typeHint(place));
      }
      const path = [...followed(place).slice(0, -1), step.bytes];
      return { ...place, type: 0, name: "", where: { kind: "memory", path } };
    }
  }
}

function noSuchField(place: TypedPlace, { name, text }: WrittenStep & { readonly kind: "field" }): Refusal {
  const declared = declaredStruct(place);
  if (declared !== undefined) {
    return refuse(
      `Cannot capture "${text}": this kernel's BTF does not say what ${declared} has`,
      typeHint(place),
    );
  }
  const struct = structAt(place);
  if (struct === undefined) {
    const cast = "a cast says what it points to: (struct NAME *)";
    return refuse(
      `Cannot capture "${text}": ${shownType(place)} has no fields`,
      `${typeHint(place)}; ${cast}`,
    );
  }
  const type = typeText(struct.btf, bareType(struct.btf, struct.type));
  const names = listed(name, memberNames(place));
  return refuse(`Cannot capture "${text}": ${type} has no field ${name}`, `${type} has ${names}`);
}

/** A struct of which nothing but its name is known, behind a pointer. */
function declaredStruct({ btf, type }: TypedPlace): string | undefined {
  const target = pointedTo(btf, type);
  const bare = target === undefined ? undefined : bareType(btf, target);
  return bare !== undefined && btf.kind(bare) === KIND.forward ? typeText(btf, bare) : undefined;
}

/** The nearest first, then in the order of the struct. */
function listed(name: string, names: readonly string[]): string {
  const sorted = [...new Set([...nearest(name, names), ...names])];
  const rest = sorted.length - MAX_NAMES;
  return sorted.slice(0, MAX_NAMES).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

function noSuchElement(place: TypedPlace, { text }: WrittenStep): Refusal {
  const is_array = place.btf.kind(bareType(place.btf, place.type)) === KIND.array;
  const error = is_array ? "the array ends before it" : `${shownType(place)} has no elements`;
  return refuse(`Cannot capture "${text}": ${error}`, typeHint(place));
}

function typeHint(place: TypedPlace): string {
  return `${place.name === "" ? "it" : place.name} is ${shownType(place)}`;
}

/** Of what an offset leads to, nothing is known. */
function shownType({ btf, type }: TypedPlace): string {
  return type === 0 ? "unsigned long" : typeText(btf, type);
}

function shownAs({ name, format }: Expression, place: TypedPlace): CaptureResult {
  let shown = false;
  const type = shownType(place);
  const capture = captureAt({ name, type }, (list) => {
    const get = format === undefined ? defaultGet(place, list) : formattedGet(place, format, list);
    shown = get !== undefined;
    return get ?? (() => undefined);
  });
  const steps = Math.max(0, ...capture.reads.map((read) => read.path.length));
  if (steps > MAX_STEPS) {
    return refuse(`Cannot capture "${name}": it follows ${steps - 1} pointers`, `a program follows ${MAX_STEPS - 1}`);
  }
  if (shown) return { ok: true, capture };
  if (format !== undefined) {
    return refuse(
      `Cannot capture "${name}:${format}": ${type} is not shown as ${format}`,
      "leave the format out, or :hex",
    );
  }
  const fields = memberNames(place);
  return refuse(
    `Cannot capture "${name}": ${type} is not one value`,
    fields.length > 0 ? `it has ${listed("", fields)}` : "name a format, such as :hex",
  );
}

function defaultGet(place: TypedPlace, list: ReadList): Get | undefined {
  return place.type === 0 ? formatGet(place, "u64", RAW, list) : shownGet(place, list);
}

/** Behind an offset there is what the format says. */
const RAW: Held = { kind: "data", bytes: 8, may_be_user: false };

function formattedGet(place: TypedPlace, format: Format, list: ReadList): Get | undefined {
  if (place.type === 0) return formatGet(place, format, format === "str" ? { ...RAW, bytes: 0 } : RAW, list);
  if (place.bits !== undefined) return scalarGet(place, list);
  if (format !== "path") return formatGet(place, format, heldAt(place), list);
  const struct = structAt(place);
  const is_path = struct !== undefined && PATH_STRUCTS.has(struct.btf.name(bareType(struct.btf, struct.type)));
  return is_path ? knownGet(place, list) : undefined;
}

function heldAt(place: TypedPlace): Held {
  const { btf } = place;
  const bare = bareType(btf, place.type), kind = btf.kind(bare);
  const is_data = kind === KIND.array || isCompound(btf, bare);
  return {
    kind: kind === KIND.pointer ? "pointer" : is_data ? "data" : "number",
    bytes: sizeOf(btf, bare),
    may_be_user: mayBeUser(place),
  };
}
