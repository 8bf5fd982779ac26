import type { Answer, Citation } from './answer.ts'
import { articleLink, button, dateOf, dotted, element } from './element.ts'
import { markPassage } from './mark-passage.ts'
import type { MarkedText } from './mark-passage.ts'
import { footnoteId, markId } from './render-answer.ts'
import type { AnswerView } from './render-answer.ts'

/** Null where there is nothing to note: a refusal rests on nothing. */
export function renderFootnotes(answer: Answer, view: AnswerView): HTMLElement | null {
  if (answer.citations.length === 0) return null
  const items = answer.citations.map((citation) => renderFootnote(citation, answer, view))
  const heading = element('h3', ['Footnotes'])
  return element('section', [heading, element('ol', items)], { class: 'footnotes' })
}

export function renderMarked({ before, marked, after }: MarkedText): (Node | string)[] {
  return [before, element('mark', [marked]), after]
}

/** What an answer cost and who wrote it, in one small line. */
export function renderFacts(answer: Answer): HTMLElement {
  const facts = [
    answer.chatModel ?? 'no chat model',
    answer.embeddingModel ?? '',
    timesOf(answer),
    answer.promptTokens > 0 ? `${answer.promptTokens} prompt tokens` : '',
    answer.cached ? 'from cache' : '',
    answer.degraded === 'keyword-only' ? 'searched by words alone, without vectors' : '',
  ]
  return element('p', dotted(facts), { class: 'facts' })
}

function renderFootnote(citation: Citation, answer: Answer, view: AnswerView): HTMLElement {
  const about = dotted([citation.heading, dateOf(citation.publishedAt)])
  const passage = renderMarked(markPassage(citation, answer.sources))
  const back = element('a', ['↩'], {
    href: `#${markId(view.turnId, citation.number)}`,
    'aria-label': `Back to footnote mark ${citation.number}`,
  })
  return element(
    'li',
    [
      element('p', [articleLink(citation.title, citation.url)], { class: 'footnote-title' }),
      element('p', about, { class: 'about' }),
      element('blockquote', passage, { class: 'passage' }),
      element('p', [
        button('Read in the article’s text', () => view.openArticle(citation)),
        ' ',
        back,
      ]),
    ],
    {
      id: footnoteId(view.turnId, citation.number),
      value: String(citation.number),
      tabindex: '-1',
    },
  )
}

function timesOf({ totalMs, searchMs, firstTokenMs }: Answer): string {
  const parts = [
    searchMs === null ? '' : `search ${seconds(searchMs)}`,
    firstTokenMs === null ? '' : `first word after ${seconds(firstTokenMs)}`,
  ].filter(Boolean)
  const detail = parts.length === 0 ? '' : ` (${parts.join(', ')})`
  return seconds(totalMs) + detail
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 1000 ? 2 : 1)}\u00a0s`
}
