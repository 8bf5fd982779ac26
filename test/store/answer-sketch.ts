import { transaction } from '../../src/db/database.ts'
import { insertAnswer, type KeptAnswer } from '../../src/store/answers.ts'
import type { LibraryUnderTest } from './library-under-test.ts'

/** An answer as a test cares for it; whatever is not said is filled in. */
export type AnswerSketch = Partial<KeptAnswer> & Pick<KeptAnswer, 'id'>

export function keepAnswer(library: LibraryUnderTest, sketch: AnswerSketch): Promise<void> {
  const answer: KeptAnswer = {
    status: 'answered',
    reason: null,
    question: 'What do whales do?',
    promptHash: null,
    corpusRevision: 1,
    body: {},
    trace: {},
    articleIds: [],
    ...sketch,
  }
  return transaction(library, (client) => insertAnswer(client, answer))
}
