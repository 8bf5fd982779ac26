import { splitAnswer } from '../src/retrieval/split-sentences.ts'
import type { ArticleSpan, CaseAnswer, CaseCitation } from './case-answer.ts'
import { holdsFact, holdsPhrase, readMarks, stripMarks } from './facts.ts'
import type { GoldenCase } from './golden-case.ts'
import { groundedness, hasNewNumber, MIN_COVERAGE, supports } from './groundedness.ts'
import { holdsQuote } from './holds-quote.ts'
import type { AnswerScores } from './scores.ts'
import { contentRecall, tokenF1 } from './token-overlap.ts'

export interface AnswerInput {
  readonly golden: GoldenCase
  readonly answer: CaseAnswer
  /** Keys of citations that people labelled as supporting. */
  readonly labelled: ReadonlySet<string>
}

export function citationKey(
  caseId: string,
  { guid, start, end }: Pick<ArticleSpan, 'guid' | 'start' | 'end'>,
): string {
  return `${caseId} ${guid} ${start}-${end}`
}

/** Of an answer that was given; of a refusal none of this means anything. */
export function scoreAnswer(input: AnswerInput): AnswerScores {
  const { golden, answer } = input
  const text = stripMarks(answer.answer)
  const facts = golden.facts.filter((alternatives) => holdsFact(text, alternatives))
  return {
    factRecall: golden.facts.length === 0 ? 0 : facts.length / golden.facts.length,
    hasForbidden: golden.must_not.some((phrase) => holdsPhrase(text, phrase)),
    tokenF1: tokenF1(text, golden.reference),
    contentRecall: contentRecall(text, golden.reference),
    ...scoreGrounding(answer),
    ...scoreMarks(input),
    ...scoreSentences(answer),
  }
}

function scoreGrounding(answer: CaseAnswer) {
  const context = answer.passages.map(({ text }) => text).join('\n')
  const sentences = statementsOf(answer).map(({ text }) => text)
  const grounded = groundedness(sentences, context)
  return {
    groundedness: grounded,
    isUngrounded: grounded < MIN_COVERAGE,
    hasUnsupportedNumber: sentences.some((sentence) => hasNewNumber(sentence, context)),
  }
}

/** Marks as they are printed: one that leads nowhere stays in the count. */
function scoreMarks({ golden, answer, labelled }: AnswerInput) {
  const marks = readMarks(answer.answer)
  const cited = marks.flatMap((number) => findCitation(answer, number) ?? [])
  const isEvidence = (citation: CaseCitation) =>
    labelled.has(citationKey(golden.id, citation)) ||
    golden.evidence.some(
      ({ article, quote }) => article === citation.guid && holdsQuote(citation.text, quote),
    )
  return {
    citationMarks: marks.length,
    validMarks: cited.length,
    evidenceMarks: cited.filter(isEvidence).length,
    citesGold: cited.some(({ guid }) => golden.articles.includes(guid)),
  }
}

function scoreSentences(answer: CaseAnswer) {
  const statements = statementsOf(answer).map(({ text, citations }) => ({
    text,
    cited: citations.flatMap((number) => findCitation(answer, number) ?? []),
  }))
  const isSupported = ({ text, cited }: (typeof statements)[number]) =>
    supports(cited.map((citation) => citation.text).join('\n'), text)
  return {
    sentences: statements.length,
    citedSentences: statements.filter(({ cited }) => cited.length > 0).length,
    supportedSentences: statements.filter(isSupported).length,
  }
}

function findCitation(answer: CaseAnswer, number: number): CaseCitation | undefined {
  return answer.citations.find((citation) => citation.number === number)
}

/** A target that gives its text alone has sentences too, and none of them cited. */
function statementsOf({ sentences, answer }: CaseAnswer): CaseAnswer['sentences'] {
  if (sentences.length > 0) {
    return sentences.map(({ text, citations }) => ({ text: stripMarks(text), citations }))
  }
  const text = stripMarks(answer)
  return splitAnswer(text).map(({ start, end }) => ({
    text: text.slice(start, end),
    citations: [],
  }))
}
