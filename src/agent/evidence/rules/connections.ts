/** Claims that connections fail, or that they succeed, against what connect returned. */
import { connectsTo } from "./listening.ts";
import { type Judgement, namesOf, type Rule } from "./rule.ts";

const FAIL =
  /\bconnect\w*\b.{0,60}\b(?:fail\w*|refused|rejected|unreachable)|\b(?:cannot|can't|could not|unable to|fail\w* to|is refused to|not)\b (?:\w+ )?connect|\brefuses\b.{0,20}\bconnect|\brefused\b.{0,40}\bconnect/i;
const NO_FAILURE = /\b(?:zero|no|without(?: any)?|never)\s+(?:\w+\s+)?(?:fail\w*|errors?|refus\w*)/gi;
const SUCCEED = /\bconnect\w*\b.{0,60}\b(?:succe\w+|worked|works|established|accepted|fine)\b|\baccepts connections\b/i;
const ALL = /\b(?:all|every|each|always|any|none)\b/i;

export const connections: Rule = (view) => {
  const text = view.clause.text.replace(NO_FAILURE, "");
  const [says_failed, says_succeeded] = [FAIL.test(text), SUCCEED.test(text)];
  const [port] = namesOf(view, "port");
  if (port === undefined || says_failed === says_succeeded || /\bno\b|\bnever\b|\bnot all\b/i.test(text)) return [];
  const seen = connectsTo(port, view).filter(({ failed, succeeded }) => failed + succeeded > 0);
  return seen.flatMap(({ source, failed, succeeded, undecided }): Judgement[] => {
    const [meant, other] = says_failed ? [failed, succeeded] : [succeeded, failed];
    if (other === 0 || undecided > 0) return [];
    if (meant > 0 && !ALL.test(text)) return [];
    if (!source.is_complete && meant === 0) return [];
    const outcome = says_failed ? "succeeded" : "failed";
    const says = `${source.id} shows that ${other} of ${failed + succeeded} connects to ${port.text} ${outcome}`;
    return [{ verdict: "contradicted", source, says }];
  });
};
