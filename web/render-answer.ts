import { answerPieces } from './answer-pieces.ts'
import type { Answer, Place } from './answer.ts'
import { articleLink, button, dateOf, dotted, element } from './element.ts'

export interface AnswerView {
  /** Tells the footnotes of one turn from those of another. */
  readonly turnId: string
  readonly openArticle: (place: Place) => void
}

const REASONS: Readonly<Record<string, string>> = {
  'no-evidence': 'Nothing in the articles is near enough to this question.',
  'not-answered': 'The articles speak of this, but they do not say what was asked.',
  unsupported: 'The model gave an answer, but no sentence of the articles supports it.',
  'model-unavailable':
    'There is no chat model to write an answer: it is still loading, could not be loaded, or none is set up. These are the sentences that come nearest, word for word.',
}

/** The answer that counts. The three kinds look different, and say what they are in words too. */
export function renderAnswer(answer: Answer, view: AnswerView): HTMLElement {
  switch (answer.status) {
    case 'answered':
      return renderAnswered(answer, view)
    case 'refused':
      return renderRefused(answer, view)
    case 'extracted':
      return renderExtracted(answer, view)
  }
}

export function footnoteId(turnId: string, number: number): string {
  return `${turnId}-footnote-${number}`
}

/** The first place in the answer that leans on a footnote: where its way back leads. */
export function markId(turnId: string, number: number): string {
  return `${turnId}-mark-${number}`
}

function renderAnswered(answer: Answer, { turnId }: AnswerView): HTMLElement {
  const marks = createMarks(turnId)
  const text = answerPieces(answer).flatMap(({ gap, text, citations }) => [
    gap,
    text,
    ...citations.map(marks),
  ])
  return element('p', text, { class: 'answer-text' })
}

function renderRefused(answer: Answer, view: AnswerView): HTMLElement {
  const box = element(
    'div',
    [
      element('p', ['Not in the articles'], { class: 'answer-label' }),
      element('p', [answer.answer], { class: 'answer-text' }),
      ...reasonOf(answer),
    ],
    { class: 'refused' },
  )
  const nearest = nearestArticles(answer.sources)
  if (nearest.length === 0) return box
  const items = nearest.map((place) => element('li', renderNearest(place, view)))
  box.append(element('h3', ['Nearest articles']), element('ul', items, { class: 'nearest' }))
  return box
}

function renderExtracted(answer: Answer, { turnId }: AnswerView): HTMLElement {
  const marks = createMarks(turnId)
  const quotes = answer.sentences.map((sentence) =>
    element('blockquote', [
      element('p', [sentence.text, ...sentence.citations.map(marks)], { class: 'answer-text' }),
    ]),
  )
  const label = 'Straight from the articles — the model is not available'
  return element(
    'div',
    [element('p', [label], { class: 'answer-label' }), ...reasonOf(answer), ...quotes],
    { class: 'extracted' },
  )
}

function reasonOf({ reason }: Answer): HTMLElement[] {
  if (reason === null) return []
  return [element('p', [REASONS[reason] ?? `Reason: ${reason}.`], { class: 'reason' })]
}

/** Sources come best first and several to an article: the best of each stands for it. */
function nearestArticles(sources: readonly Place[]): readonly Place[] {
  const best = new Map<string, Place>()
  for (const source of sources) {
    if (!best.has(source.articleId)) best.set(source.articleId, source)
  }
  return [...best.values()]
}

function renderNearest(place: Place, { openArticle }: AnswerView): (Node | string)[] {
  const about = dotted([place.heading, dateOf(place.publishedAt)])
  return [
    articleLink(place.title, place.url),
    element('span', about, { class: 'about' }),
    button('Read the nearest passage', () => openArticle(place)),
  ]
}

function createMarks(turnId: string): (number: number) => HTMLElement {
  const seen = new Set<number>()
  return (number) => {
    const href = `#${footnoteId(turnId, number)}`
    const link = element('a', [`[${number}]`], { href, 'aria-label': `Footnote ${number}` })
    if (!seen.has(number)) link.id = markId(turnId, number)
    seen.add(number)
    return element('sup', [link])
  }
}
