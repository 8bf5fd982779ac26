import { AppError } from '../src/errors.ts'
import type { ChatModel } from '../src/models/chat-model.ts'
import { DEADLINES, withDeadlines } from '../src/models/deadlines.ts'
import { splitSentences } from '../src/retrieval/split-sentences.ts'
import {
  buildJudgeLinePrompt,
  buildJudgePrompt,
  JUDGE_LINE_PREFIX,
  JUDGE_PREFIX,
  toJudgeMaterial,
  type JudgeAspect,
  type JudgedAnswer,
  type JudgeMaterial,
} from './judge-prompt.ts'

/** Each 0 to 1. */
export interface JudgeScores {
  /** Whether the answer says what the reference says. */
  readonly accuracy: number
  /** Whether the passages support it; nothing supports an answer without passages. */
  readonly faithfulness: number
  /** 0 is none. */
  readonly toxicity: number
  /** One short sentence. */
  readonly verdict: string
}

export interface JudgeInput extends JudgedAnswer {
  readonly signal: AbortSignal
}

const MAX_VERDICT_CHARACTERS = 200
const VERDICT_TOKENS = 40
/** Three numbers, their names, and the verdict. */
const LINE_TOKENS = 120
const NO_VERDICT = 'The judge gave no reason.'

interface JudgeOptions {
  readonly deadlines?: typeof DEADLINES
}

/**
 * Null where the judge replies with nonsense: that answer is unjudged, which is no score of zero. A model
 * that does not answer at all, or not in time, throws.
 */
export async function judgeAnswer(
  model: ChatModel,
  { signal, ...judged }: JudgeInput,
  { deadlines = DEADLINES }: JudgeOptions = {},
): Promise<JudgeScores | null> {
  const material = toJudgeMaterial(judged, { countTokens: (text) => model.countTokens(text) })
  const asked = { model, material, signal, deadlines }
  const scores =
    model.probability === undefined ? await judgeInOneLine(asked) : await judgeStepwise(asked)
  if (scores === null || material.passages !== '') return scores
  return { ...scores, faithfulness: 0 }
}

interface Asked {
  readonly model: ChatModel
  readonly material: JudgeMaterial
  readonly signal: AbortSignal
  readonly deadlines: typeof DEADLINES
}

async function judgeStepwise(asked: Asked): Promise<JudgeScores | null> {
  const accuracy = await shareOfYes('accuracy', asked)
  if (accuracy === null) return null
  const hasPassages = asked.material.passages !== ''
  const faithfulness = hasPassages ? await shareOfYes('faithfulness', asked) : 0
  if (faithfulness === null) return null
  const toxicity = await shareOfYes('toxicity', asked)
  if (toxicity === null) return null
  const verdict = await write(asked, {
    prefix: JUDGE_PREFIX,
    prompt: buildJudgePrompt('verdict', asked.material),
    maxTokens: VERDICT_TOKENS,
  })
  return { accuracy, faithfulness, toxicity, verdict: toVerdict(verdict) }
}

async function shareOfYes(
  aspect: Exclude<JudgeAspect, 'verdict'>,
  asked: Asked,
): Promise<number | null> {
  const prompt = buildJudgePrompt(aspect, asked.material)
  const shares = await inTime(asked, (signal) =>
    asked.model.probability?.({ prefix: JUDGE_PREFIX, prompt, choices: ['Yes', 'No'], signal }),
  )
  const [yes = NaN, no = NaN] = shares ?? []
  // Where a model thinks of neither word, the port gives both the same share.
  return isShare(yes) && isShare(no) && yes !== no ? yes : null
}

/** A probability comes whole, so only the whole of it can be late. */
async function inTime<Value>(
  { signal, deadlines: { totalMs } }: Asked,
  start: (signal: AbortSignal) => Promise<Value> | undefined,
): Promise<Value | undefined> {
  const deadline = AbortSignal.timeout(totalMs)
  try {
    return await start(AbortSignal.any([signal, deadline]))
  } catch (cause) {
    if (!deadline.aborted || signal.aborted) throw cause
    throw new AppError('model-timeout', `The judge took over ${totalMs / 1000} s.`, { cause })
  }
}

async function judgeInOneLine(asked: Asked): Promise<JudgeScores | null> {
  const line = await write(asked, {
    prefix: JUDGE_LINE_PREFIX,
    prompt: buildJudgeLinePrompt(asked.material),
    maxTokens: LINE_TOKENS,
  })
  return parseJudgeLine(line)
}

interface Writing {
  readonly prefix: string
  readonly prompt: string
  readonly maxTokens: number
}

async function write({ model, ...options }: Asked, writing: Writing): Promise<string> {
  const pieces = withDeadlines((signal) => model.generate({ ...writing, signal }), options)
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}

/** Models wrap their JSON in fences, quote their numbers, or leave the end away: what is told is taken. */
export function parseJudgeLine(text: string): JudgeScores | null {
  const accuracy = readScore(text, /"?\baccuracy"?\s*[:=]\s*/i)
  const faithfulness = readScore(text, /"?\bfaithfulness"?\s*[:=]\s*/i)
  const toxicity = readScore(text, /"?\btoxicity"?\s*[:=]\s*/i)
  if (accuracy === null || faithfulness === null || toxicity === null) return null
  const [, verdict = ''] = /"?\bverdict"?\s*[:=]\s*(.*)/is.exec(text) ?? []
  return { accuracy, faithfulness, toxicity, verdict: toVerdict(withoutQuotes(verdict)) }
}

const WRITTEN_SCORE = /^["']?([\d.]{0,19}\d)(%?)(?![\d.]*\d|\s*\/)/

/** Only what can be nothing but a share of 1: of 7 nobody knows whether it is of 10 or of 100. */
function readScore(text: string, name: RegExp): number | null {
  const found = name.exec(text)
  if (found === null) return null
  const rest = text.slice(found.index + found[0].length)
  const [, digits = '', percent] = WRITTEN_SCORE.exec(rest) ?? []
  const score = digits === '' ? NaN : Number(digits) / (percent === '%' ? 100 : 1)
  return isShare(score) ? score : null
}

function isShare(value: number): boolean {
  return value >= 0 && value <= 1
}

/** The text of a JSON string, which may lack its end. */
function withoutQuotes(json: string): string {
  const [, inside] = /^"((?:[^"\\]|\\.)*)/s.exec(json) ?? []
  return (inside ?? json.replace(/[\s}`]+$/, '')).replace(/\\n/g, ' ').replace(/\\(.)/g, '$1')
}

function toVerdict(text: string): string {
  // As Postgres can keep it: a model cut off in the middle of a character leaves half of it.
  const storable = text.toWellFormed().replaceAll('\0', '')
  const line = storable.replace(/\s+/g, ' ').trim()
  const [first] = splitSentences(line, 'paragraph')
  const sentence = first === undefined ? '' : line.slice(first.start, first.end)
  if (sentence === '') return NO_VERDICT
  if (sentence.length <= MAX_VERDICT_CHARACTERS) return sentence
  return `${sentence.slice(0, MAX_VERDICT_CHARACTERS - 1).toWellFormed()}…`
}
