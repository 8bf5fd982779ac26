import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { ANSWER_PREFIX, buildCheck, buildPrompt, CHECK_PREFIX } from '../src/answering/prompt.ts'
import type { Queryable } from '../src/db/database.ts'
import { hashLibrary } from '../src/store/library-texts.ts'
import type { RunPlan } from './run-plan.ts'
import { goldenSetsDir } from './set-folder.ts'

/** What an answer depends on, by name; null where it is not known. */
export type Fingerprints = Readonly<Record<string, string | null>>

/** Those that an arm which never asks the chat model does not depend on. */
export const CHAT_FINGERPRINTS: readonly string[] = ['chat', 'chatWeights']

interface FingerprintOptions {
  readonly db: Queryable
  readonly plan: RunPlan
  /** Models, their weights, how they are run and calibrated: what the service knows of itself. */
  readonly configuration: Fingerprints
  /** Whether any question goes to the chat model. */
  readonly asksChat: boolean
}

export async function takeFingerprints(options: FingerprintOptions): Promise<Fingerprints> {
  const { db, plan, configuration, asksChat } = options
  return {
    ...configuration,
    // Else a run begun beside a chat model could not go on without it, which it never asked.
    ...(asksChat ? {} : Object.fromEntries(CHAT_FINGERPRINTS.map((name) => [name, null]))),
    set: hash(plan.hashes),
    corpus: await hashLibrary(db),
    prompt: hashPrompt(),
    commit: await describeCommit(),
  }
}

/** What must be the same for a run to go on; another commit may have mended what stopped it. */
export function findDifferences(then: Fingerprints, now: Fingerprints): readonly string[] {
  const names = new Set([...Object.keys(then), ...Object.keys(now)])
  names.delete('commit')
  return [...names].filter((name) => (then[name] ?? null) !== (now[name] ?? null))
}

/** Other weights, or another way of running them, may write other words under the same name. */
export function isSameModel(before: Fingerprints, now: Fingerprints): boolean {
  const names = ['chat', 'chatWeights', 'threads', 'platform']
  return names.every((name) => (before[name] ?? null) === (now[name] ?? null))
}

/** Of the rules, the worked examples, and the form in which passages and questions are put. */
function hashPrompt(): string {
  const passage = {
    articleId: '',
    revision: 1,
    url: null,
    title: 'Title',
    heading: 'Heading',
    publishedAt: new Date(0),
    text: 'Text.',
    start: 0,
    end: 5,
    sentences: [],
    scores: { keyword: null, vector: null, fused: 0 },
  }
  const { prompt } = buildPrompt({ question: 'Q?', passages: [passage, passage] })
  const check = buildCheck({ question: 'Q?', answer: 'A.', evidence: ['One.', 'Two.'] })
  return hash([ANSWER_PREFIX, prompt, CHECK_PREFIX, check])
}

/** Null where the code did not come with its history, as in an image. */
export async function describeCommit(): Promise<string | null> {
  const run = promisify(execFile)
  const args = ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*']
  return run('git', args, { cwd: dirname(goldenSetsDir) }).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  )
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
}
