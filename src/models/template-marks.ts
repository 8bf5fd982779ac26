/**
 * A model's server tokenises the whole conversation at once, so that a mark in an article is to it the
 * mark of its template: the end of the question, and the begin of new rules. (A model in this process
 * is given texts and marks apart.) What looks like a mark is told from code by having no space in it.
 */
const BARRED = /<(?=[|｜][^<>|｜\s]{1,60}[|｜]>)/gu
const TAGGED =
  /<(?=\/?(?:s|bos|eos|pad|unk|mask|think|tool_call|tool_response|(?:start|end)_of_[a-z]+)>)/g
const BRACKETED =
  /\[(?=\/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|gMASK|IMG)\])/g
const DOUBLED = /<(?=<\/?SYS>>)/g

/**
 * The text with a space behind the first character of every mark that templates have: it reads as
 * before, and is none. A space, since invisible characters are what some tokenisers drop.
 */
export function breakTemplateMarks(text: string): string {
  return [BARRED, TAGGED, BRACKETED, DOUBLED].reduce(
    (broken, mark) => broken.replace(mark, '$& '),
    text,
  )
}
