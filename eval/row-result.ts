import { z } from 'zod'
import type { JudgeScores } from './judge.ts'
import type { CaseScores } from './scores.ts'
import type { Stages } from './stages.ts'

/** What a row keeps of a case: written and read by this code alone, so only its outline is checked. */
export interface RowResult {
  readonly scores: CaseScores
  readonly stages: Stages
  readonly judge: JudgeScores | null
}

export const rowResult = z.custom<RowResult>(
  (value) =>
    z.looseObject({ scores: z.looseObject({}), stages: z.looseObject({}) }).safeParse(value)
      .success,
)

/** What a row of the judge's trial keeps. */
export const judgeResult = z.object({ judge: z.custom<JudgeScores>().nullable() })
