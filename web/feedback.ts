import type { Send } from './api-key.ts'
import { button, element } from './element.ts'
import { problemOfError, problemOfResponse } from './problem.ts'
import type { Problem } from './problem.ts'

type Rating = 'up' | 'down'

interface Feedback {
  readonly rating: Rating
  readonly comment?: string
  readonly correction?: string
}

interface FeedbackOptions {
  readonly answerId: string
  /** Tells the fields of one turn from those of another. */
  readonly turnId: string
  readonly send: Send
}

/** As many characters as the service takes. */
const MAX_LENGTH = '2000'

/** Two thumbs; a thumb counts at once, and one down can then be explained. */
export function renderFeedback({ answerId, turnId, send }: FeedbackOptions): HTMLElement {
  const status = element('p', [], { class: 'feedback-status', role: 'status' })
  const thumbs = {
    up: thumb('up', 'Good answer', () => void rate('up')),
    down: thumb('down', 'Bad answer', () => void rate('down')),
  }
  const form = renderForm(turnId, (said) => void explain(said))
  thumbs.down.setAttribute('aria-controls', form.id)
  let isSending = false

  async function rate(rating: Rating): Promise<void> {
    if (isSending) return
    press(rating)
    open(rating === 'down')
    if (!(await tell({ rating }))) press(null)
  }

  async function explain(said: Omit<Feedback, 'rating'>): Promise<void> {
    if (isSending) return
    if (!(await tell({ rating: 'down', ...said }))) return
    press('down')
    // The form goes, and the focus with it: it is put back where the form was opened.
    thumbs.down.focus()
    open(false)
  }

  /** Whether the service took it; it says so either way. */
  async function tell(feedback: Feedback): Promise<boolean> {
    isSending = true
    status.textContent = ''
    const problem = await sendFeedback(feedback, { answerId, send })
    isSending = false
    status.textContent = problem === null ? 'Thank you.' : `Not sent. ${wordsOf(problem)}`
    return problem === null
  }

  function press(rating: Rating | null): void {
    for (const [name, each] of Object.entries(thumbs)) {
      each.setAttribute('aria-pressed', String(name === rating))
    }
  }

  function open(isOpen: boolean): void {
    form.hidden = !isOpen
    thumbs.down.setAttribute('aria-expanded', String(isOpen))
  }

  press(null)
  open(false)
  const row = element('div', [thumbs.up, thumbs.down, status], {
    class: 'thumbs',
    role: 'group',
    'aria-label': 'Was this answer good?',
  })
  return element('div', [row, form], { class: 'feedback' })
}

/** Drawn by the style sheet: not every machine has a font with thumbs in it. */
function thumb(rating: Rating, label: string, onClick: () => void): HTMLButtonElement {
  const made = button('', onClick)
  made.className = `thumb-${rating}`
  made.setAttribute('aria-label', label)
  made.title = label
  return made
}

function renderForm(
  turnId: string,
  onSay: (said: Omit<Feedback, 'rating'>) => void,
): HTMLFormElement {
  const comment = field(`${turnId}-comment`, 'What is wrong with it? (optional)')
  const correction = field(`${turnId}-correction`, 'What would be right? (optional)')
  const submit = element('button', ['Send'], { type: 'submit' })
  const form = element('form', [...comment.parts, ...correction.parts, submit], {
    id: `${turnId}-feedback`,
    class: 'feedback-form',
    'aria-label': 'What is wrong with this answer',
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    onSay({
      ...(comment.text() === '' ? {} : { comment: comment.text() }),
      ...(correction.text() === '' ? {} : { correction: correction.text() }),
    })
  })
  return form
}

function field(id: string, label: string) {
  const input = element('textarea', [], { id, rows: '2', maxlength: MAX_LENGTH })
  return {
    parts: [element('label', [label], { for: id }), input],
    text: () => input.value.trim(),
  }
}

/** Null where the service took it. */
async function sendFeedback(
  feedback: Feedback,
  { answerId, send }: Pick<FeedbackOptions, 'answerId' | 'send'>,
): Promise<Problem | null> {
  try {
    const response = await send(`/v1/answers/${encodeURIComponent(answerId)}/feedback`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(feedback),
    })
    return response.ok ? null : await problemOfResponse(response)
  } catch (error) {
    return problemOfError(error)
  }
}

function wordsOf({ title, detail }: Problem): string {
  return [title, detail].filter(Boolean).join(': ')
}
