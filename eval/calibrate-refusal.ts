import { thresholdsOf, type Calibration, type RefusalFit } from '../src/answering/calibration.ts'
import { AppError } from '../src/errors.ts'
import { askRefusals, prepareRefusals, type RefusalQuestions } from './ask-refusal-cases.ts'
import { chooseSets, corpusOf } from './calibration-sets.ts'
import { describeCommit } from './fingerprints.ts'
import { checkRefusal, fitRefusal, hasBothKinds, type RefusalCase } from './fit-refusal.ts'
import type { RunParts } from './open-run-target.ts'
import type { HeldOut } from './report.ts'

export interface Progress {
  readonly done: number
  readonly total: number
}

interface RefusalOptions {
  /** Undefined: those whose articles are in the library. */
  readonly sets: readonly string[] | undefined
  /** In use, with the threshold that the new one is compared with. */
  readonly calibration: Calibration
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

export interface RefusalCalibration {
  /** The chat model whose threshold it is. */
  readonly model: string
  readonly previous: number
  readonly threshold: number
  readonly fit: RefusalFit
  /** Cases that were not asked, or not answered. */
  readonly heldOut: readonly HeldOut[]
}

/**
 * Asks the chat model every case, and the answerable ones once more without their evidence; fits its
 * threshold on the tuning cases, and checks it on the test cases.
 */
export async function calibrateRefusal(
  { sets, calibration, signal, onProgress }: RefusalOptions,
  parts: RunParts,
): Promise<RefusalCalibration> {
  const model = findChatModel(parts)
  const previous = thresholdsOf(calibration).stated(model)
  const questions: RefusalQuestions[] = []
  for (const set of await chooseSets(sets, parts)) questions.push(await prepareRefusals(set, parts))
  const total = questions.reduce((sum, { tasks }) => sum + tasks.length, 0)
  let done = 0
  onProgress({ done, total })
  const onAsked = () => onProgress({ done: ++done, total })
  const asked: AskedSet[] = []
  for (const each of questions) {
    asked.push({ ...each, ...(await askRefusals(each, { parts, signal, onAsked })) })
  }
  return { model, previous, ...(await fitAsked(asked, previous)) }
}

/** Whose answers these will be; throws where there is none now. */
function findChatModel({ hasChat, steps, isChatReady }: RunParts): string {
  if (!hasChat) {
    throw new AppError(
      'invalid-request',
      'The threshold is the chat model’s, and CHAT_MODEL=none. Set one.',
    )
  }
  const model = steps.models.chat()
  if (isChatReady() && model !== null) return model
  throw new AppError('model-unavailable', 'The chat model is still being loaded. Calibrate then.')
}

type AskedSet = RefusalQuestions & Awaited<ReturnType<typeof askRefusals>>

async function fitAsked(
  asked: readonly AskedSet[],
  previous: number,
): Promise<Pick<RefusalCalibration, 'threshold' | 'fit' | 'heldOut'>> {
  const tuning = asked.flatMap((set) => set.tuning)
  requireGround(tuning)
  const { threshold, ...fitted } = fitRefusal(tuning)
  const test = asked.flatMap((set) => set.test)
  const fit = {
    at: new Date().toISOString(),
    commit: await describeCommit(),
    corpus: corpusOf(asked.map(({ prepared }) => prepared)),
    sets: Object.fromEntries(asked.map((set) => [set.prepared.setName, describeSet(set)])),
    ...fitted,
    check: checkRefusal(test, { threshold, previous }),
  }
  return { threshold, fit, heldOut: asked.flatMap(({ heldOut }) => heldOut) }
}

function requireGround(tuning: readonly RefusalCase[]): void {
  if (!hasBothKinds(tuning)) {
    throw new AppError(
      'invalid-request',
      'The sets need tuning cases that are answerable and some that are not, to fit a threshold on.',
    )
  }
  if (tuning.some(({ statesAnswer }) => statesAnswer !== null)) return
  throw new AppError(
    'invalid-request',
    'The chat model does not tell how likely an answer is stated, so no threshold changes what it refuses.',
  )
}

function describeSet({ prepared, tuning, test }: AskedSet): RefusalFit['sets'][string] {
  const hash = prepared.fingerprints['set'] ?? ''
  return { hash, tuning: tuning.length, test: test.length }
}
