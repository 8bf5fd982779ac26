import type { Answer, AnswerSentence } from './answer.ts'
import { FOOTNOTE_MARK } from './taken-back.ts'

/** A sentence of an answer, what stands before it, and the numbers of its footnotes. */
interface AnswerPiece {
  readonly gap: string
  readonly text: string
  readonly citations: readonly number[]
}

/** The answer's sentences in order; line breaks and list dashes between them are kept. */
export function answerPieces(answer: Answer): readonly AnswerPiece[] {
  return answer.sentences.map((sentence, index) => ({
    gap: gapBefore(answer, sentence, answer.sentences[index - 1]),
    text: sentence.text,
    citations: sentence.citations,
  }))
}

function gapBefore(
  answer: Answer,
  sentence: AnswerSentence,
  previous: AnswerSentence | undefined,
): string {
  const from = previous?.end ?? 0
  const gap = answer.answer.slice(from, sentence.start).replace(FOOTNOTE_MARK, '')
  if (previous === undefined) return gap.trimStart()
  const lineBreaks = gap.replace(/[^\n]/g, '').slice(0, 2)
  const rest = gap.trimStart()
  return lineBreaks === '' ? ` ${rest}` : lineBreaks + rest
}
