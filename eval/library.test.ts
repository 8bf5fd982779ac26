import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestServices, type TestServices } from '../test/open-test-services.ts'
import { LIBRARY, LIMIT, MISSED, toRss, type TestItem } from '../test/test-feed.ts'
import { articleTexts, findSentences, hashText, loadLibrary } from './library.ts'

let test: TestServices

const MANY: readonly TestItem[] = Array.from({ length: 205 }, (_, at) => ({
  guid: `many-${at}`,
  title: `Article ${at}`,
  html: `<p>This is the text of number ${at}.</p>`,
}))

beforeAll(async () => {
  test = await openTestServices()
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
})

afterAll(() => test[Symbol.asyncDispose]())

const db = () => test.services.database.pool

describe('a library', () => {
  it('has the articles that are asked for, each with its sentences, and leaves out what it lacks', async () => {
    const library = await loadLibrary(db(), ['listening', 'nobody'])
    expect([...library.keys()]).toEqual(['listening'])
    const listening = library.get('listening')
    expect(listening?.sentences).toEqual([
      LIMIT,
      'Larger ones are refused with an error.',
      MISSED,
      'So a queue polls as well.',
    ])
    expect(listening?.hash).toBe(hashText(listening?.text ?? ''))
    expect(listening?.text).toContain('What is missed')
  })

  it('is empty where nothing is asked for', async () => {
    expect((await loadLibrary(db(), [])).size).toBe(0)
  })

  it('is read page by page to its end', async () => {
    const feed = await test.readFeed(test.writeFeed(toRss(MANY)))
    const texts: string[] = []
    for await (const { text } of articleTexts(db(), null)) texts.push(text)
    expect(texts).toHaveLength(LIBRARY.length + MANY.length)
    expect(new Set(texts).size).toBe(texts.length)
    await db().query('delete from feed where feed.id = $1::text', [feed.id])
  })
})

describe('the sentences that hold a quote', () => {
  it('are found whatever their case and space', async () => {
    const listening = (await loadLibrary(db(), ['listening'])).get('listening')
    if (listening === undefined) throw new Error('The article is not there.')
    const found = findSentences(listening, ' notify PAYLOAD\n is ')
    expect(found).toHaveLength(1)
    const [sentence] = found
    expect(sentence?.text).toBe(LIMIT)
    const { start = 0, end = 0, title, heading } = sentence?.passage ?? {}
    expect(listening.text.slice(start, end)).toBe(LIMIT)
    expect({ title, heading }).toEqual({ title: 'Listening to a database', heading: 'Limits' })
    expect(findSentences(listening, 'is').length).toBeGreaterThan(1)
    expect(findSentences(listening, 'an error. A listener')).toEqual([])
  })
})

describe('a text', () => {
  it('has a hash of its own', () => {
    // printf abc | sha256sum
    expect(hashText('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })
})
