import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { z } from 'zod'

interface ReferenceInput {
  readonly texts: readonly string[]
  readonly queries: readonly string[]
  /** How many texts a query is to have at the most. */
  readonly limit: number
}

export interface ReferenceRankings {
  /** Of what ranked. */
  readonly versions: string
  /** A ranking a query: places in `texts`, best first. */
  readonly rankings: readonly (readonly number[])[]
}

const OUTPUT = z.object({ versions: z.string(), rankings: z.array(z.array(z.number())) })
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024

/** BM25 by another's implementation; null where the Python that is there has not got it. */
export function rankByReference(input: ReferenceInput): ReferenceRankings | null {
  const script = join(import.meta.dirname, 'reference-bm25.py')
  const { status, stdout, stderr, error } = spawnSync('python3', [script], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT_BYTES,
  })
  if (status === 0) return OUTPUT.parse(JSON.parse(stdout))
  const isMissing = (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
  if (isMissing || /ModuleNotFoundError/.test(stderr)) return null
  throw new Error(`bench/reference-bm25.py failed: ${stderr || error?.message}`)
}
