import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { seededShuffle } from '../eval/seeded-random.ts'

export const LABELS = ['answerable', 'partial', 'underspecified', 'unanswerable'] as const

export type Label = (typeof LABELS)[number]

const PASSAGE = z.object({ _id: z.string(), title: z.string(), text: z.string() })
const QUESTION = z.object({
  _id: z.string(),
  question: z.string(),
  history: z.array(z.object({ role: z.enum(['user', 'assistant']), content: z.string() })),
  /** Ids of those that were given with it. */
  passages: z.array(z.string()),
  answerability: z.enum(LABELS),
  reference: z.string(),
})

export type MtragPassage = z.output<typeof PASSAGE>
export type MtragQuestion = z.output<typeof QUESTION>

export interface MtragCorpus {
  readonly passages: ReadonlyMap<string, MtragPassage>
  readonly questions: readonly MtragQuestion[]
}

export function loadMtrag(folder: string): MtragCorpus {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return parseMtrag({ passages: read('passages.jsonl'), questions: read('questions.jsonl') })
}

export function parseMtrag(files: {
  readonly passages: string
  readonly questions: string
}): MtragCorpus {
  const passages = parseLines(files.passages, PASSAGE)
  return {
    passages: new Map(passages.map((passage) => [passage._id, passage])),
    questions: parseLines(files.questions, QUESTION),
  }
}

function parseLines<Schema extends z.ZodType>(jsonl: string, schema: Schema): z.output<Schema>[] {
  return jsonl
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => schema.parse(JSON.parse(line)))
}

interface SampleOptions {
  readonly labels: readonly Label[]
  /** Of each label, or as many as there are. */
  readonly size: number
  readonly seed: number
}

/** The same questions for the same seed, and a larger sample holds the smaller one. */
export function sampleQuestions(
  questions: readonly MtragQuestion[],
  { labels, size, seed }: SampleOptions,
): readonly MtragQuestion[] {
  const shuffled = seededShuffle(questions, seed)
  return labels.flatMap((label) =>
    shuffled.filter(({ answerability }) => answerability === label).slice(0, size),
  )
}
