import { holdsFact, holdsPhrase } from './facts.ts'
import { isAnswerable, type GoldenCase } from './golden-case.ts'

/** A phrase just long enough to find its sentence; a longer one breaks at every edit. */
const MAX_QUOTE_WORDS = 12
const UNANSWERABLE_TAGS = ['near-miss', 'off-corpus']

/** What is wrong with a case that fits its schema, and what would be right; golden-set/README.md says why. */
export function findCaseFaults(golden: GoldenCase): readonly string[] {
  const ofKind = golden.kind === 'unanswerable' ? findAnswerParts(golden) : findGaps(golden)
  return [
    ...ofKind,
    ...findTurnFaults(golden),
    ...findFactFaults(golden),
    ...findEvidenceFaults(golden),
  ]
}

function findAnswerParts(golden: GoldenCase): readonly string[] {
  const { articles, facts, evidence, must_not, reference, tags = [] } = golden
  const parts = Object.entries({ articles, facts, evidence, must_not, reference })
  const filled = parts.filter(([, part]) => part.length > 0).map(([name]) => name)
  const marks = tags.filter((tag) => UNANSWERABLE_TAGS.includes(tag))
  return [
    ...filled.map((name) => `${name}: must be empty, since no article answers the question`),
    ...(marks.length === 1
      ? []
      : ['tags: an unanswerable case has one of near-miss and off-corpus, and not both']),
  ]
}

function findGaps(golden: GoldenCase): readonly string[] {
  const { kind, articles, facts, evidence, reference, tags = [] } = golden
  if (!isAnswerable(golden)) {
    return ['articles: must name the article that answers; if none does, the kind is unanswerable']
  }
  return [
    ...(kind === 'multi' && articles.length < 2
      ? ['articles: a question of kind multi needs two articles, or is of another kind']
      : []),
    ...(facts.length === 0
      ? ['facts: must hold what a right answer has to say: a number, a name, a word or two']
      : []),
    ...(reference.trim() === '' ? ['reference: must be a right answer in our own words'] : []),
    ...articles
      .filter((guid) => !evidence.some(({ article }) => article === guid))
      .map((guid) => `evidence: must have a phrase of ${guid}, which answers the question`),
    ...tags
      .filter((tag) => UNANSWERABLE_TAGS.includes(tag))
      .map((tag) => `tags: ${tag} is for unanswerable cases alone`),
    ...(new Set(articles).size < articles.length ? ['articles: must name each article once'] : []),
  ]
}

/** What was said before a question that no article answers may be needed to understand it, too. */
function findTurnFaults({ kind, turns = [] }: GoldenCase): readonly string[] {
  const mayFollow = kind === 'followup' || kind === 'unanswerable'
  if (!mayFollow && turns.length > 0) return ['turns: are for follow-ups alone']
  if (kind === 'followup' && turns.length === 0) {
    return ['turns: a follow-up needs what was said before it']
  }
  return []
}

function findFactFaults({ facts, must_not, reference }: GoldenCase): readonly string[] {
  const forbidden = (text: string) => must_not.filter((phrase) => holdsPhrase(text, phrase))
  return [
    ...facts
      .filter((alternatives) => !holdsFact(reference, alternatives))
      .map(
        (alternatives) =>
          `facts: the reference holds none of ${list(alternatives)}; add its own wording, or mend the reference`,
      ),
    ...forbidden(reference).map(
      (phrase) => `must_not: the reference itself holds “${phrase}”; forbid only what is wrong`,
    ),
    ...facts
      .flat()
      .flatMap((alternative) =>
        forbidden(alternative).map(
          (phrase) =>
            `must_not: “${phrase}” forbids the fact “${alternative}”; take one of them out`,
        ),
      ),
  ]
}

function list(alternatives: readonly string[]): string {
  return alternatives.map((each) => `“${each}”`).join(', ')
}

function findEvidenceFaults({ articles, evidence }: GoldenCase): readonly string[] {
  return evidence.flatMap(({ article, quote }) => {
    const words = quote.split(/\s+/).length
    return [
      ...(articles.length === 0 || articles.includes(article)
        ? []
        : [
            `evidence: ${article} is not among the articles of the case; add it there, or take it out`,
          ]),
      ...(words > MAX_QUOTE_WORDS
        ? [`evidence: “${quote}” has ${words} words; shorten it to ${MAX_QUOTE_WORDS} at most`]
        : []),
    ]
  })
}
