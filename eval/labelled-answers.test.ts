import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { splitAnswer } from '../src/retrieval/split-sentences.ts'
import { holdsFact, stripMarks } from './facts.ts'
import { groundedness } from './groundedness.ts'
import { contentRecall, tokenF1 } from './token-overlap.ts'

// The scorers against people's labels. Bounds stand a little under what was measured.

interface LabelledAnswer {
  readonly reference: string
  readonly answer: string
  readonly correct: boolean
}

interface RatedAnswer {
  readonly passages: readonly string[]
  readonly answer: string
  /** Mean rating, 1 to 4. */
  readonly human_faithfulness: number
}

function readRows<Row>(file: string, skip: (note: string) => never): readonly Row[] {
  const folder = join(import.meta.dirname, '..', '..', 'shared', 'corpora', 'labelled-answers')
  const path = join(folder, file)
  if (existsSync(path)) {
    return readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row)
  }
  if (process.env['CI'] !== undefined) throw new Error(`${path} is missing`)
  return skip(`${path} is not there`)
}

interface Scored {
  readonly score: number
  readonly label: number
}

/** How often a row with the higher label has the higher score, ties counted half. */
function auc(rows: readonly Scored[], isPositive: (label: number) => boolean): number {
  const positive = rows.filter(({ label }) => isPositive(label))
  const negative = rows.filter(({ label }) => !isPositive(label))
  const wins = positive.flatMap((a) =>
    negative.map((b) => (a.score > b.score ? 1 : a.score === b.score ? 0.5 : 0)),
  )
  return mean(wins)
}

function spearman(rows: readonly Scored[]): number {
  const a = ranksOf(rows.map(({ score }) => score))
  const b = ranksOf(rows.map(({ label }) => label))
  const [meanA, meanB] = [mean(a), mean(b)]
  const product = mean(a.map((rank, at) => (rank - meanA) * ((b[at] ?? 0) - meanB)))
  const deviation = (ranks: readonly number[], middle: number) =>
    Math.sqrt(mean(ranks.map((rank) => (rank - middle) ** 2)))
  return product / (deviation(a, meanA) * deviation(b, meanB))
}

/** Equal values share the mean of their ranks. */
function ranksOf(values: readonly number[]): readonly number[] {
  return values.map(
    (value) =>
      values.filter((other) => other < value).length +
      (values.filter((other) => other === value).length - 1) / 2,
  )
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

it('are told apart by ranks that are worked by hand', () => {
  const rows = [
    { score: 0.1, label: 1 },
    { score: 0.3, label: 2 },
    { score: 0.2, label: 3 },
  ]
  // Ranks 0 2 1 and 0 1 2: 1 - 6 · (0 + 1 + 1) / (3 · 8) = 0.5; of two pairs both are won.
  expect(spearman(rows)).toBeCloseTo(0.5)
  expect(auc(rows, (label) => label > 1)).toBe(1)
})

describe('answers that people called right or wrong', () => {
  // The references of right answers alone are wrapped in a sentence, which would give them away.
  const WRAP = /^The answer to the question '.*' is:? /
  const score = (skip: (note: string) => never, scoreOf: (row: LabelledAnswer) => number) =>
    readRows<LabelledAnswer>('correct-or-not.jsonl', skip).map((row) => ({
      score: scoreOf({ ...row, reference: row.reference.replace(WRAP, '') }),
      label: Number(row.correct),
    }))

  it('agree with content recall and token F1', ({ skip }) => {
    const recall = score(skip, ({ answer, reference }) => contentRecall(answer, reference))
    const f1 = score(skip, ({ answer, reference }) => tokenF1(answer, reference))
    // Measured: .995 and .984.
    expect(auc(recall, Boolean)).toBeGreaterThan(0.98)
    expect(auc(f1, Boolean)).toBeGreaterThan(0.97)
  })

  it('are never taken for right by a fact that is wrong', ({ skip }) => {
    const facts = score(skip, ({ answer, reference }) => Number(holdsFact(answer, [reference])))
    const found = (label: number) => facts.filter((row) => row.label === label && row.score === 1)
    // Measured: 0 of 100 wrong ones; 81 of 100 right ones by the reference alone, without alternatives.
    expect(found(0)).toHaveLength(0)
    expect(found(1).length).toBeGreaterThanOrEqual(80)
  })
})

describe('answers whose faithfulness people rated', () => {
  const rate = (skip: (note: string) => never) =>
    readRows<RatedAnswer>('faithfulness.jsonl', skip).map((row) => {
      const text = stripMarks(row.answer)
      const sentences = splitAnswer(text).map(({ start, end }) => text.slice(start, end))
      return {
        score: groundedness(sentences, row.passages.join('\n')),
        label: row.human_faithfulness,
      }
    })

  it('agree with groundedness', ({ skip }) => {
    const rows = rate(skip)
    // Measured on all 450: Spearman .621; AUC .824 at a rating of 3.5, .895 at 3.
    expect(spearman(rows)).toBeGreaterThan(0.6)
    expect(auc(rows, (rating) => rating >= 3.5)).toBeGreaterThan(0.81)
    expect(auc(rows, (rating) => rating >= 3)).toBeGreaterThan(0.88)
  })
})
