// What llama.cpp itself looks at no signal for: someone who goes while the prompt is read. The small model,
// since only the reading counts here.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadConfig } from '../src/config.ts'
import type { ChatModel } from '../src/models/chat-model.ts'
import { ChatTurns } from '../src/models/chat-turns.ts'
import { openLlamaCpp } from '../src/models/llama-cpp.ts'

const NAME = 'smollm2-135m-instruct-q4_1'
const quiet = { signal: new AbortController().signal, onPosition: () => undefined }

let model: ChatModel

beforeAll(async () => {
  const { modelsDir } = loadConfig(process.env)
  const file = join(modelsDir, `${NAME}.gguf`)
  if (!existsSync(file)) {
    throw new Error(`There is no ${file}. Fetch it: npx footnote models pull ${NAME}`)
  }
  model = await openLlamaCpp({ id: `llama:${NAME}`, file, threads: 1 })
})

afterAll(() => model?.close())

/** Some 1,700 tokens, of its own from its first word on: nothing of it is in the model's state. */
function promptAbout(thing: string): string {
  return Array.from({ length: 130 }, (_, at) => `${thing} number ${at} stands in row ${at + 7}.`)
    .join(' ')
    .slice(0, 5_000)
}

async function firstWord(prompt: string, signal: AbortSignal): Promise<string> {
  const input = { prefix: 'You answer.', prompt, signal, maxTokens: 5 }
  for await (const piece of model.generate(input)) return piece
  return ''
}

it('someone who goes while the prompt is read frees the turn long before it is read', async () => {
  const turns = new ChatTurns({ maxWaiting: 1 })
  turns.setModel(model)
  const startedAt = performance.now()
  await firstWord(promptAbout('Shelf'), quiet.signal)
  const wholeMs = performance.now() - startedAt

  const first = turns.enter()
  await first.take(quiet)
  const gone = new AbortController()
  const reading = firstWord(promptAbout('Table'), gone.signal).finally(() => first.leave())
  const next = turns.enter().take(quiet)
  await sleep(wholeMs / 10)
  const leftAt = performance.now()
  gone.abort(new Error('The client has gone.'))
  await expect(reading).rejects.toThrow('The client has gone.')
  expect(await next).not.toBeNull()
  // One slice of 256 tokens is read to its end: about a seventh of the prompt.
  expect(performance.now() - leftAt).toBeLessThan(wholeMs / 2)
  expect(await firstWord('Where does shelf number 3 stand?', quiet.signal)).not.toBe('')
})
