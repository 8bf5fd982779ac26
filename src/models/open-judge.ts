import type { ModelChoice } from '../config.ts'
import { AppError } from '../errors.ts'
import type { ChatModel } from './chat-model.ts'
import type { ChatPlace, ChatTurns } from './chat-turns.ts'
import { modelId, openChatModel, type OpenModelOptions } from './open-models.ts'

export interface OpenedJudge {
  readonly model: ChatModel
  /** Frees what was loaded for the judge alone. */
  release(): Promise<void>
}

/** Null where no judge is configured. */
export type JudgeOpener = (run?: { readonly signal: AbortSignal }) => Promise<OpenedJudge | null>

interface JudgeOpenerOptions {
  readonly judge: ModelChoice
  readonly chat: ModelChoice
  readonly turns: ChatTurns
  /** How a model of its own is opened; its signal ends every run's. */
  readonly models: OpenModelOptions
  readonly open?: typeof openChatModel
}

/**
 * Nothing is loaded before a run opens the judge. Where it is the chat model too, that one judges in its
 * turns, since two copies of the weights would not fit many machines.
 */
export function createJudgeOpener({
  judge,
  chat,
  turns,
  models,
  open = openChatModel,
}: JudgeOpenerOptions): JudgeOpener {
  return async (run) => {
    if (judge.kind === 'none') return null
    if (modelId(judge) === modelId(chat)) {
      return { model: judgeInTurns(turns, modelId(judge)), release: () => Promise.resolve() }
    }
    const signal = AbortSignal.any([models.signal, ...(run === undefined ? [] : [run.signal])])
    const model = await open(judge, { ...models, signal })
    let closed: Promise<void> | undefined
    return { model, release: () => (closed ??= model.close()) }
  }
}

/** How long people's questions may keep a judge from the queue, each time. */
const YIELD_MS = 1_000

/** The chat model, with a turn for each call, so that people who ask come in between. */
function judgeInTurns(turns: ChatTurns, id: string): ChatModel {
  const loaded = turns.model
  if (loaded === null) throw notLoaded(id)
  const judge: ChatModel = {
    id,
    countTokens: (text) => loaded.countTokens(text),
    async *generate(input) {
      const place = await enterQueue(turns, input.signal)
      try {
        yield* (await takeTurn(place, { id, signal: input.signal })).generate(input)
      } finally {
        place.leave()
      }
    },
    close: () => Promise.resolve(),
  }
  if (loaded.probability === undefined) return judge
  return {
    ...judge,
    async probability(input) {
      const place = await enterQueue(turns, input.signal)
      try {
        const model = await takeTurn(place, { id, signal: input.signal })
        return (await model.probability?.(input)) ?? []
      } finally {
        place.leave()
      }
    },
  }
}

/** A full queue is no fault of a judge's: it has the night. */
async function enterQueue(turns: ChatTurns, signal: AbortSignal): Promise<ChatPlace> {
  for (;;) {
    signal.throwIfAborted()
    await turns.whenIdle(YIELD_MS)
    try {
      return turns.enter({ isPatient: true })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'model-busy') throw error
    }
  }
}

interface TakeTurnOptions {
  readonly id: string
  readonly signal: AbortSignal
}

async function takeTurn(place: ChatPlace, { id, signal }: TakeTurnOptions): Promise<ChatModel> {
  const turn = await place.take({ signal, onPosition: () => undefined })
  if (turn === null) throw notLoaded(id)
  return turn.model
}

function notLoaded(id: string): AppError {
  return new AppError(
    'model-unavailable',
    `The judge ${id} is the chat model, which is not loaded: GET /readyz says why.`,
    { retryAfter: 5 },
  )
}
