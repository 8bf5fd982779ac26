import { holdsFact } from './facts.ts'
import { isAnswerable, type GoldenCase } from './golden-case.ts'

/** An article's text with the sentences of it that each case would have to do without. */
export interface ReadArticle {
  readonly guid: string
  readonly text: string
}

interface HideOptions {
  /** By case: the sentences that are taken out. */
  readonly hidden: ReadonlyMap<string, readonly string[]>
  readonly articles: AsyncIterable<ReadArticle>
}

/**
 * Which answerable cases are near misses once their evidence is hidden: those where no fact of theirs
 * stands anywhere in what remains.
 */
export async function hideEvidence(
  cases: readonly GoldenCase[],
  { hidden, articles }: HideOptions,
): Promise<readonly string[]> {
  const admitted = new Set(
    cases.filter((golden) => isAnswerable(golden) && (hidden.get(golden.id)?.length ?? 0) > 0),
  )
  for await (const { text } of articles) {
    for (const golden of admitted) {
      const remaining = without(text, hidden.get(golden.id) ?? [])
      if (golden.facts.some((alternatives) => holdsFact(remaining, alternatives))) {
        admitted.delete(golden)
      }
    }
  }
  return [...admitted].map(({ id }) => id)
}

/**
 * A case without its evidence has no answer, and refusing is right. The evidence itself stays in the
 * case: the arm finds by it what to leave out.
 */
export function toHidden(golden: GoldenCase): GoldenCase {
  return {
    ...golden,
    kind: 'unanswerable',
    articles: [],
    facts: [],
    must_not: [],
    tags: [...(golden.tags ?? []), 'near-miss'],
  }
}

function without(text: string, sentences: readonly string[]): string {
  return sentences.reduce((rest, sentence) => rest.replaceAll(sentence, ' '), text)
}
