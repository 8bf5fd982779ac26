import { describe, expect, it } from 'vitest'
import { foundChunk } from '../../test/found-chunk.ts'
import type { ChatModel } from '../models/chat-model.ts'
import { toPassage } from '../retrieval/passages.ts'
import { checkStated } from './check-stated.ts'
import type { Grounded } from './grounding.ts'

const LIMIT = 'NOTIFY payloads are capped at 8000 bytes.'
const chunk = foundChunk([LIMIT])
const passages = [toPassage(chunk, chunk.sentences)]
const { signal } = new AbortController()

/** Says of each answer in turn how likely it is stated. */
function createModel(...likely: number[]) {
  const prompts: string[] = []
  const model: ChatModel = {
    id: 'scripted',
    countTokens: () => 0,
    generate: () => {
      throw new Error('It is not asked to write.')
    },
    probability: ({ prompt }) => {
      const yes = likely[prompts.push(prompt) - 1] ?? 0
      return Promise.resolve([yes, 1 - yes])
    },
    close: () => Promise.resolve(),
  }
  return { model, prompts }
}

function keep(text: string): Grounded {
  const sentences = text === '' ? [] : [{ text, start: 0, end: 1, citations: [1], support: 1 }]
  return { answer: text, sentences, citations: [], dropped: [] }
}

const asked = { question: 'How large may a payload be?', evidence: [LIMIT], passages }

describe('whether the evidence states the answer', () => {
  it('is asked of the answer and of the article’s sentence, and both count alike', async () => {
    const { model, prompts } = createModel(0.9, 0.6)
    const generated = 'It is capped at 8000 bytes.'
    const stated = await checkStated(
      { model },
      { ...asked, generated, kept: keep(generated) },
      { signal },
    )
    expect(prompts).toHaveLength(2)
    // The middle of log 9 and log 1.5 is log √13.5; nothing is taken off, since the passages have the words.
    expect(stated?.probability).toBeCloseTo(Math.sqrt(13.5) / (1 + Math.sqrt(13.5)), 9)
  })

  it('is asked once where the article’s sentence is the answer', async () => {
    const { model, prompts } = createModel(0.9)
    await checkStated({ model }, { ...asked, generated: 'Nonsense.', kept: keep('') }, { signal })
    expect(prompts).toHaveLength(1)
  })

  it('is less likely by the model’s words that no passage has', async () => {
    // Of "elephants" and "bytes" the passages have one: half a unit is taken off log 9.
    const { model } = createModel(0.9)
    const stated = await checkStated(
      { model },
      { ...asked, generated: 'Elephants, bytes.', kept: keep('') },
      { signal },
    )
    expect(stated?.probability).toBeCloseTo(1 / (1 + Math.exp(0.5 - Math.log(9))), 9)
  })
})
