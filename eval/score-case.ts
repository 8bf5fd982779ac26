import { scoreAnswer } from './answer-metrics.ts'
import type { CaseAnswer } from './case-answer.ts'
import { isAnswerable, isNearMiss, type GoldenCase } from './golden-case.ts'
import { readStance } from './refusal-text.ts'
import { scoreContext, scoreRetrieval } from './retrieval-metrics.ts'
import type { AnswerScores, CaseScores, ContextScores, FailureClass } from './scores.ts'

interface ScoreInput {
  readonly golden: GoldenCase
  readonly answer: CaseAnswer
  /** Keys of citations that people labelled as supporting (`citationKey`). */
  readonly labelled?: ReadonlySet<string>
}

const NONE_LABELLED: ReadonlySet<string> = new Set()

/** Everything an answer to a case is worth; the class `error` is for runs that gave none. */
export function scoreCase({ golden, answer, labelled = NONE_LABELLED }: ScoreInput): CaseScores {
  const stance = readStance(answer.answer, answer)
  const refused = answer.status === 'refused' || stance === 'denies'
  const scores = refused ? null : scoreAnswer({ golden, answer, labelled })
  const shared = { nearMiss: isNearMiss(golden), refused, answer: scores }
  if (!isAnswerable(golden)) {
    const failure = refused ? null : 'hallucinated'
    return {
      ...shared,
      answerable: false,
      correct: refused,
      failure,
      retrieval: null,
      context: null,
    }
  }
  const context = contextOf(golden, answer)
  const correct = stance === 'states' && isRight(scores)
  return {
    ...shared,
    answerable: true,
    correct,
    failure: failureOf({ correct, refused, context, scores }),
    retrieval:
      answer.candidates === null ? null : scoreRetrieval(answer.candidates, golden.articles),
    context,
  }
}

function contextOf(golden: GoldenCase, { candidates, passages }: CaseAnswer): ContextScores | null {
  if (candidates === null && passages.length === 0) return null
  return scoreContext({ candidates, passages, golden })
}

function isRight(scores: AnswerScores | null): boolean {
  return scores !== null && scores.factRecall === 1 && !scores.hasForbidden
}

interface Outcome {
  readonly correct: boolean
  readonly refused: boolean
  readonly context: ContextScores | null
  readonly scores: AnswerScores | null
}

/** Of an answerable case. What a right answer was not given, it plainly did not need. */
function failureOf({ correct, refused, context, scores }: Outcome): FailureClass | null {
  if (correct) return scores?.citesGold === true ? null : 'uncited'
  return missingEvidence(context) ?? (refused ? 'refused-wrongly' : 'wrong-fact')
}

/** The first place where something of the gold was lost. */
function missingEvidence(context: ContextScores | null): FailureClass | null {
  if (context === null) return null
  if (context.candidateRecall !== null && context.candidateRecall < 1) {
    return 'gold-not-in-candidates'
  }
  if (context.allAtContext === 0) return 'gold-not-in-context'
  return context.evidenceAtContext === 0 ? 'quote-not-in-context' : null
}
