import type { AnswerReason } from '../src/domain.ts'
import type { CaseAnswer } from './case-answer.ts'
import type { GoldenCase } from './golden-case.ts'
import { markup, type Markup } from './markup.ts'
import { linkArticle } from './report-article.ts'

// What was asked, what would be right, and what was answered: the same words wherever a case is shown.

const REASON_WORDS: Readonly<Record<AnswerReason, string>> = {
  'no-evidence': 'nothing near enough was found',
  'not-answered': 'the passages do not say it',
  unsupported: 'no sentence supports what the model said',
  'model-unavailable': 'there was no chat model',
}

export function renderQuestion(golden: GoldenCase): Markup {
  return markup`${renderTurns(golden)}<p class="question said">${golden.question}</p>`
}

/** What was said before a follow-up. */
export function renderTurns({ turns = [] }: GoldenCase): Markup | null {
  if (turns.length === 0) return null
  return markup`<ul class="turns" aria-label="Said before">${turns.map(
    ({ role, content }) =>
      markup`<li><b>${role === 'user' ? 'Reader' : 'Footnote'}:</b> <span class="said">${content}</span></li>`,
  )}</ul>`
}

export function renderExpected(golden: GoldenCase): Markup {
  const { articles, facts, must_not: forbidden, reference, evidence } = golden
  if (articles.length === 0) {
    return markup`<p class="expected">Right is to refuse: the articles do not say it.${reference !== '' && markup` <span class="said">${reference}</span>`}</p>`
  }
  return markup`<dl class="expected">
<div><dt>Right answer</dt><dd class="said">${reference}</dd></div>
<div><dt>Must hold</dt><dd>${facts.map((alternatives, at) => markup`${at > 0 && ' and '}${joined(alternatives, ' or ')}`)}</dd></div>
${forbidden.length > 0 && markup`<div><dt>Must not hold</dt><dd>${joined(forbidden, ', ')}</dd></div>`}
<div><dt>Evidence</dt><dd>${evidence.map(({ article, quote }) => markup`<p><q class="said">${quote}</q> ${linkArticle(article)}</p>`)}</dd></div>
</dl>`
}

function joined(texts: readonly string[], between: string): Markup {
  return markup`${texts.map((text, at) => markup`${at > 0 && between}<span class="fact said">${text}</span>`)}`
}

export function renderAnswer(answer: CaseAnswer): Markup {
  const { status, reason, citations } = answer
  const why = reason === null ? '' : `: ${REASON_WORDS[reason]}`
  return markup`${status !== 'answered' && markup`<p class="status">${status}${why}</p>`}
<p class="answer said">${answer.answer}</p>
${
  citations.length > 0 &&
  markup`<ol class="citations">${citations.map(
    ({ number, text, guid }) =>
      markup`<li value="${number}"><q class="said">${text}</q> ${linkArticle(guid)}</li>`,
  )}</ol>`
}`
}
