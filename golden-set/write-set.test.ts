import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { hashText } from '../eval/library.ts'
import { BAKING, LIMIT, LISTENING, MISSED, toRss } from '../test/test-feed.ts'
import { readFeedTexts, writeSet } from './write-set.ts'

const LISTENING_TEXT = `Limits\n\n${LIMIT} Larger ones are refused with an error.\n\nWhat is missed\n\n${MISSED} So a queue polls as well.`

let folder: string
let feedFile: string
let setFile: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'footnote-set-'))
  feedFile = join(folder, 'feed.xml')
  setFile = join(folder, 'set.json')
  await writeFile(feedFile, toRss([LISTENING, BAKING], 'A test feed'))
})

afterEach(() => rm(folder, { recursive: true }))

async function readSetFile(): Promise<unknown> {
  return JSON.parse(await readFile(setFile, 'utf8'))
}

it('reads a feed’s articles as the library holds them', async () => {
  const { title, texts } = await readFeedTexts(feedFile)
  expect(title).toBe('A test feed')
  expect([...texts.keys()]).toEqual(['listening', 'baking'])
  expect(texts.get('listening')).toEqual({
    text: LISTENING_TEXT,
    sentences: [
      LIMIT,
      'Larger ones are refused with an error.',
      MISSED,
      'So a queue polls as well.',
    ],
    hash: hashText(LISTENING_TEXT),
  })
})

it('begins a set under the name of its feed', async () => {
  await writeSet(setFile, feedFile)
  expect(await readSetFile()).toEqual({
    feed: 'A test feed',
    articles: { baking: expect.any(String) as string, listening: hashText(LISTENING_TEXT) },
  })
})

it('writes the articles anew and leaves the rest of a set as it was', async () => {
  const kept = { feed: 'Our own words', floors: { system: { correct: 0.5 } } }
  await writeFile(setFile, JSON.stringify({ ...kept, articles: { gone: '0'.repeat(64) } }))
  await writeSet(setFile, feedFile)
  expect(await readSetFile()).toMatchObject(kept)
  expect(await readSetFile()).not.toHaveProperty('articles.gone')
})

it('does not write over a set that it cannot read', async () => {
  await writeFile(setFile, '{"feed": ""}')
  await expect(writeSet(setFile, feedFile)).rejects.toThrow('articles: ')
  expect(await readFile(setFile, 'utf8')).toBe('{"feed": ""}')
})
