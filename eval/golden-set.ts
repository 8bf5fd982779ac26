import { z } from 'zod'
import { AppError, messageOf, type Fault } from '../src/errors.ts'
import { findCaseFaults } from './case-faults.ts'
import { goldenCase, type GoldenCase } from './golden-case.ts'

const guid = z.string().min(1)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256, in 64 small hex digits')

/** What `set.json` holds; the set's name is its folder's. */
const setFile = z.strictObject({
  /** What the set speaks of, for people. */
  feed: z.string().trim().min(1),
  /** Guid → hash of the plain text that the cases were written from. */
  articles: z.record(guid, sha256),
  /** By arm and metric: what a run must not fall below. */
  floors: z.record(z.string(), z.record(z.string(), z.number().min(0).max(1))).optional(),
})

/** Whether a sentence of an article supports a statement, as people judged. */
const labelledCitation = z.strictObject({
  caseId: z.string().min(1),
  statement: z.string().trim().min(1),
  article: guid,
  quote: z.string().trim().min(1),
  supports: z.boolean(),
})

export type SetFile = z.output<typeof setFile>
export type LabelledCitation = Readonly<z.output<typeof labelledCitation>>

export interface GoldenSet extends Readonly<SetFile> {
  readonly name: string
  readonly cases: readonly GoldenCase[]
  /** Of a set that has them. */
  readonly labelled?: readonly LabelledCitation[]
  /** The line of `cases.jsonl` that each case stands on, where it came from a file. */
  readonly lines?: ReadonlyMap<string, number>
}

interface SetTexts {
  readonly name: string
  /** The text of set.json, of cases.jsonl, and of labelled-citations.jsonl where there is one. */
  readonly set: string
  readonly cases: string
  readonly labelled: string | null
}

export interface ParsedCases {
  readonly cases: readonly GoldenCase[]
  readonly lines: ReadonlyMap<string, number>
  readonly faults: readonly Fault[]
}

/** Where a set's file stands, as people are told of it. */
export function pathIn(name: string, file: string): string {
  return `golden-set/${name}/${file}`
}

/** A set out of its files' texts; where they have faults, `invalid-request` with all of them. */
export function parseGoldenSet({ name, ...texts }: SetTexts): GoldenSet {
  const set = parseSetFile(texts.set, pathIn(name, 'set.json'))
  const { cases, lines, faults } = parseCases(texts.cases, pathIn(name, 'cases.jsonl'))
  const labelled = parseLines(texts.labelled ?? '', {
    file: pathIn(name, 'labelled-citations.jsonl'),
    schema: labelledCitation,
  })
  const all = [
    ...set.faults,
    ...faults,
    ...labelled.faults,
    ...findStrangers({ name, set: set.data, cases, lines, labelled: labelled.rows }),
  ]
  if (set.data === undefined || all.length > 0) throw invalidSet(name, all)
  return {
    name,
    ...set.data,
    cases,
    lines,
    ...(texts.labelled === null ? {} : { labelled: labelled.rows.map(({ value }) => value) }),
  }
}

export function invalidSet(name: string, errors: readonly Fault[]): AppError {
  const [first] = errors
  const count = errors.length === 1 ? 'a fault' : `${errors.length} faults`
  const where = first === undefined ? '' : `, the first in ${first.path}: ${first.message}`
  return new AppError('invalid-request', `The golden set ${name} has ${count}${where}.`, { errors })
}

export function parseSetFile(
  text: string,
  file: string,
): { readonly data: SetFile | undefined; readonly faults: readonly Fault[] } {
  const parsed = parseValue(text, setFile)
  return { data: parsed.data, faults: parsed.problems.map((message) => ({ path: file, message })) }
}

/** Reads the cases that are right, one a line, and tells what is wrong with the others. */
export function parseCases(text: string, file: string): ParsedCases {
  const { rows, faults } = parseLines(text, { file, schema: goldenCase })
  const lines = new Map<string, number>()
  const found = [...faults]
  const cases: GoldenCase[] = []
  for (const { line, value } of rows) {
    const problems = [...findRepeat(lines.get(value.id)), ...findCaseFaults(value)]
    const path = `${file}:${line}`
    found.push(...problems.map((problem) => ({ path, message: `${value.id}: ${problem}` })))
    if (!lines.has(value.id)) lines.set(value.id, line)
    if (problems.length === 0) cases.push(value)
  }
  if (rows.length + faults.length === 0) {
    found.push({
      path: file,
      message: 'holds no case: golden-set/README.md says how one is written',
    })
  }
  return { cases, lines, faults: found.toSorted(byLine) }
}

function findRepeat(line: number | undefined): readonly string[] {
  return line === undefined ? [] : [`line ${line} has this id already: give each case its own`]
}

function byLine(one: Fault, other: Fault): number {
  return lineOf(one) - lineOf(other)
}

function lineOf({ path }: Fault): number {
  return Number(path.slice(path.lastIndexOf(':') + 1))
}

interface Row<Value> {
  readonly line: number
  readonly value: Value
}

interface LinesOptions<Schema> {
  readonly file: string
  readonly schema: Schema
}

function parseLines<Schema extends z.ZodType>(
  text: string,
  { file, schema }: LinesOptions<Schema>,
): { readonly rows: readonly Row<z.output<Schema>>[]; readonly faults: readonly Fault[] } {
  const rows: Row<z.output<Schema>>[] = []
  const faults: Fault[] = []
  text.split('\n').forEach((json, at) => {
    if (json.trim() === '') return
    const { data, problems } = parseValue(json, schema)
    if (data !== undefined) rows.push({ line: at + 1, value: data })
    faults.push(...problems.map((message) => ({ path: `${file}:${at + 1}`, message })))
  })
  return { rows, faults }
}

function parseValue<Schema extends z.ZodType>(
  json: string,
  schema: Schema,
): { readonly data: z.output<Schema> | undefined; readonly problems: readonly string[] } {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    return { data: undefined, problems: [`is not JSON: ${messageOf(error)}`] }
  }
  const { data, error } = schema.safeParse(value)
  const problems = (error?.issues ?? []).map((issue) => `${nameOf(value)}${toProblem(issue)}`)
  return { data, problems }
}

function nameOf(value: unknown): string {
  const hasId = typeof value === 'object' && value !== null && 'id' in value
  return hasId && typeof value.id === 'string' && value.id !== '' ? `${value.id}: ` : ''
}

function toProblem({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`
}

interface Parts extends Pick<ParsedCases, 'cases' | 'lines'> {
  readonly name: string
  readonly set: SetFile | undefined
  readonly labelled: readonly Row<LabelledCitation>[]
}

/** Articles that the set does not know, and labels of cases that it does not have. */
function findStrangers({ name, set, cases, lines, labelled }: Parts): readonly Fault[] {
  const unknown = (article: string) =>
    set === undefined || Object.hasOwn(set.articles, article)
      ? []
      : [`${article} is not in set.json: correct it, or write set.json anew from its feed`]
  const inCases = cases.flatMap(({ id, articles }) =>
    articles.flatMap(unknown).map((problem) => ({
      path: `${pathIn(name, 'cases.jsonl')}:${lines.get(id)}`,
      message: `${id}: ${problem}`,
    })),
  )
  const inLabels = labelled.flatMap(({ line, value }) =>
    [...unknown(value.article), ...(lines.has(value.caseId) ? [] : [unknownCase(value)])].map(
      (message) => ({ path: `${pathIn(name, 'labelled-citations.jsonl')}:${line}`, message }),
    ),
  )
  return [...inCases, ...inLabels]
}

function unknownCase({ caseId }: LabelledCitation): string {
  return `${caseId} is no case of cases.jsonl: correct caseId, or take the line out`
}
