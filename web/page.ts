import { createApiKey } from './api-key.ts'
import { createArticleDialog } from './article-dialog.ts'
import { ask } from './ask.ts'
import { chatRequest } from './chat-request.ts'
import type { FinishedTurn } from './chat-request.ts'
import { byId } from './element.ts'
import { showLibrary } from './library.ts'
import { problemOfError } from './problem.ts'
import { watchReadiness } from './readiness.ts'
import { createTurn } from './turn.ts'
import type { Turn } from './turn.ts'

const form = byId('ask-form', HTMLFormElement)
const questionField = byId('question', HTMLTextAreaElement)
const questionLabel = byId('question-label', HTMLElement)
const askButton = byId('ask', HTMLButtonElement)
const stopButton = byId('stop', HTMLButtonElement)
const newConversationButton = byId('new-conversation', HTMLButtonElement)
const forgetKeyButton = byId('forget-key', HTMLButtonElement)
const thread = byId('thread', HTMLElement)

const apiKey = createApiKey({ onChange: (isKept) => (forgetKeyButton.hidden = !isKept) })
const openArticle = createArticleDialog(apiKey.send)
const readiness = watchReadiness({ onBecameReady: () => void showLibrary(apiKey.send) })

let finished: FinishedTurn[] = []
/** By turn, what it added to the conversation. */
const said = new WeakMap<Turn, FinishedTurn>()
let running: AbortController | null = null
let turnCount = 0

interface Asking {
  /** What the question may lean on. */
  readonly earlier: readonly FinishedTurn[]
  readonly fresh: boolean
}

async function askQuestion(
  question: string,
  asking: Asking = { earlier: [...finished], fresh: false },
): Promise<void> {
  if (running !== null) return
  const stopping = new AbortController()
  const turn = addTurn(question, asking)
  setRunning(stopping)
  try {
    await follow(turn, { question, ...asking, signal: stopping.signal })
  } catch (error) {
    if (stopping.signal.aborted) turn.stop()
    else turn.fail(problemOfError(error))
  } finally {
    if (running === stopping) setRunning(null)
    readiness.check()
  }
}

async function follow(
  turn: Turn,
  { question, earlier, fresh, signal }: Asking & FollowOptions,
): Promise<void> {
  const request = chatRequest(question, earlier, { fresh })
  for await (const event of ask(request, { send: apiKey.send, signal })) {
    signal.throwIfAborted()
    turn.apply(event)
    if (event.kind !== 'answer-end') continue
    const entry = { question, answer: event.answer.answer }
    finished.push(entry)
    said.set(turn, entry)
  }
}

interface FollowOptions {
  readonly question: string
  readonly signal: AbortSignal
}

/** The newest turn stands first, right under the question field: its footnotes can be long. */
function addTurn(question: string, { earlier }: Asking): Turn {
  turnCount += 1
  const turn = createTurn(question, {
    turnId: `turn-${turnCount}`,
    openArticle,
    send: apiKey.send,
    askAgain: () => {
      if (running !== null) return
      turn.root.remove()
      void askQuestion(question)
    },
    askAnew: () => {
      if (running !== null) return
      turn.root.remove()
      finished = finished.filter((each) => each !== said.get(turn))
      void askQuestion(question, { earlier, fresh: true })
    },
  })
  thread.prepend(turn.root)
  questionLabel.textContent = 'Ask a follow-up'
  newConversationButton.hidden = false
  return turn
}

function setRunning(next: AbortController | null): void {
  const hadFocus = document.activeElement
  running = next
  askButton.hidden = next !== null
  stopButton.hidden = next === null
  // A hidden button loses the focus: whoever pressed one is left at the other.
  if (hadFocus === askButton) stopButton.focus()
  if (hadFocus === stopButton) askButton.focus()
}

function startNewConversation(): void {
  running?.abort()
  setRunning(null)
  finished = []
  thread.replaceChildren()
  questionLabel.textContent = 'Your question'
  newConversationButton.hidden = true
  questionField.focus()
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  const question = questionField.value.trim()
  if (question === '' || running !== null) return
  questionField.value = ''
  void askQuestion(question)
})

questionField.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  form.requestSubmit()
})

stopButton.addEventListener('click', () => running?.abort())
newConversationButton.addEventListener('click', startNewConversation)
forgetKeyButton.addEventListener('click', () => apiKey.forget())
void showLibrary(apiKey.send)
