import type { Answer, Place, Source } from './answer.ts'
import type { Send } from './api-key.ts'
import type { AskEvent } from './ask.ts'
import { button, element } from './element.ts'
import { renderFeedback } from './feedback.ts'
import type { Problem } from './problem.ts'
import { renderAnswer } from './render-answer.ts'
import { renderFacts, renderFootnotes } from './render-footnotes.ts'
import { findTakenBack } from './taken-back.ts'

export interface Turn {
  readonly root: HTMLElement
  apply(event: AskEvent): void
  fail(problem: Problem): void
  stop(): void
}

interface TurnOptions {
  readonly turnId: string
  readonly openArticle: (place: Place) => void
  readonly askAgain: () => void
  /** Has an answer that was kept replaced by a new one. */
  readonly askAnew: () => void
  readonly send: Send
}

/** One question and what became of it. Streamed words are provisional until `answer-end`. */
export function createTurn(question: string, options: TurnOptions): Turn {
  const status = element('p', ['Searching…'], { class: 'turn-status', role: 'status' })
  // aria-busy keeps a screen reader from reading word by word what may yet be taken back.
  const body = element('div', [], {
    class: 'turn-body',
    'aria-live': 'polite',
    'aria-busy': 'true',
  })
  const heading = element('h2', [question], { class: 'question' })
  const root = element('article', [heading, status, body], { class: 'turn', id: options.turnId })
  const streamed = document.createTextNode('')

  function say(text: string): void {
    if (status.textContent !== text) status.textContent = text
  }

  function stream(text: string): void {
    if (streamed.data === '') {
      say('Writing, not yet checked against the articles…')
      body.replaceChildren(element('p', [streamed], { class: 'answer-text provisional' }))
    }
    streamed.appendData(text)
  }

  function settle(nodes: readonly Node[]): void {
    say('')
    body.replaceChildren(...nodes)
    body.setAttribute('aria-busy', 'false')
  }

  function end(answer: Answer): void {
    const takenBack = renderTakenBack(streamed.data, answer)
    settle([...understoodAs(question, answer), renderAnswer(answer, options), ...takenBack])
    root.append(renderFeedback({ answerId: answer.id, ...options }))
    const footnotes = renderFootnotes(answer, options)
    if (footnotes !== null) root.append(footnotes)
    root.append(renderFacts(answer), ...renderAnew(answer, options))
  }

  function fail({ title, detail }: Problem): void {
    const lines = [element('p', [title], { class: 'problem-title' }), element('p', [detail])]
    settle([problemBox(lines, options.askAgain)])
  }

  function stop(): void {
    const words = 'Words that were not yet checked are not kept.'
    const line = streamed.data === '' ? 'Stopped.' : `Stopped. ${words}`
    settle([problemBox([element('p', [line])], options.askAgain)])
  }

  function apply(event: AskEvent): void {
    switch (event.kind) {
      case 'sources-available':
        return say(`${reading(event.sources)}…`)
      case 'answer-queued':
        return say(
          event.position > 0 ? `Reading: place ${event.position} in the queue…` : 'Reading…',
        )
      case 'answer-delta':
        return stream(event.text)
      case 'answer-end':
        return end(event.answer)
      case 'answer-error':
        return fail(event.problem)
    }
  }

  return { root, apply, fail, stop }
}

function renderAnew({ cached }: Answer, { askAnew }: TurnOptions): HTMLElement[] {
  return cached ? [button('Answer it anew', askAnew)] : []
}

function problemBox(lines: readonly Node[], askAgain: () => void): HTMLElement {
  return element('div', [...lines, button('Ask again', askAgain)], { class: 'problem' })
}

function reading(sources: readonly Source[]): string {
  const articles = new Set(sources.map((source) => source.articleId)).size
  if (articles === 0) return 'Reading'
  return `Reading ${counted(sources.length, 'passage')} of ${counted(articles, 'article')}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function understoodAs(asked: string, { question }: Answer): HTMLElement[] {
  if (question.trim() === '' || question.trim() === asked.trim()) return []
  return [element('p', [`Understood as: ${question}`], { class: 'about' })]
}

/** Folded: nobody is to read again what does not hold, and whoever wonders what it was can look. */
function renderTakenBack(streamed: string, answer: Answer): HTMLElement[] {
  const taken = findTakenBack(streamed, answer)
  if (taken === null) return []
  const words = element('p', [element('s', [taken.words])], { class: 'answer-text withdrawn' })
  return [element('details', [element('summary', [taken.notice]), words], { class: 'taken-back' })]
}
