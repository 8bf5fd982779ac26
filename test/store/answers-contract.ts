import { describe, expect, it } from 'vitest'
import { transaction } from '../../src/db/database.ts'
import { loadAnswer } from '../../src/store/answers.ts'
import { listArticles, loadArticle, loadRevision } from '../../src/store/articles.ts'
import { blankQuotes } from '../../src/store/blank-quotes.ts'
import { loadCorpus } from '../../src/store/corpus.ts'
import { deleteFeed } from '../../src/store/delete-feed.ts'
import { listFeeds } from '../../src/store/feeds.ts'
import { keepAnswer } from './answer-sketch.ts'
import type { LibraryUnderTest } from './library-under-test.ts'

export function describeAnswers(library: LibraryUnderTest): void {
  describe('a kept answer', () => describeKept(library))
  describe('quotes', () => describeGoneQuotes(library))
  describe('deleting a feed', () => describeDeletion(library))
}

function describeKept(library: LibraryUnderTest): void {
  it('is given back as it was', async () => {
    const body = { answer: 'They sing. 🐋 [1]', sentences: [], nested: { null: null, number: 0.5 } }
    const trace = { prompt: 'Passages:\n…', decision: { reason: null } }
    await keepAnswer(library, { id: 'ans_1', promptHash: 'abc', body, trace })
    expect(await loadAnswer(library.pool, 'ans_1')).toEqual({ body, trace })
    expect(await loadAnswer(library.pool, 'ans_2')).toBeUndefined()
  })

  it('has a status and a reason of the closed sets', async () => {
    await expect(keepAnswer(library, { id: 'ans_1', status: 'guessed' })).rejects.toThrow(
      'answer_status_check',
    )
    await expect(
      keepAnswer(library, { id: 'ans_1', status: 'refused', reason: 'bored' }),
    ).rejects.toThrow('answer_reason_check')
    await keepAnswer(library, { id: 'ans_1', status: 'refused', reason: 'not-answered' })
  })
}

function describeGoneQuotes(library: LibraryUnderTest): void {
  const body = {
    citations: [{ number: 1, articleId: 'art_gone', quote: 'Whales sing.' }],
    sources: [{ articleId: 'art_gone', text: 'Whales sing.' }],
  }
  const blank = {
    citations: [{ number: 1, articleId: 'art_gone', quote: '' }],
    sources: [{ articleId: 'art_gone', text: '' }],
  }

  it('are not kept of an article that was deleted while the answer was written', async () => {
    await keepAnswer(library, { id: 'ans_1', body, articleIds: ['art_gone'] })
    expect((await loadAnswer(library.pool, 'ans_1'))?.body).toEqual(blank)
  })

  it('are taken out again and again without harm', async () => {
    await keepAnswer(library, { id: 'ans_1', body, articleIds: ['art_gone'] })
    await blankQuotes(library.pool, ['art_gone'])
    expect((await loadAnswer(library.pool, 'ans_1'))?.body).toEqual(blank)
  })
}

function describeDeletion(library: LibraryUnderTest): void {
  const remove = (id: string) => transaction(library, (client) => deleteFeed(client, id))

  it('takes its articles, revisions and all that is found of them', async () => {
    const one = await library.addFeed('https://one.example/feed')
    const two = await library.addFeed('https://two.example/feed')
    const gone = await library.publish(one, { title: 'One', chunks: [{ sentences: ['Sea.'] }] })
    await library.publish(two, { title: 'Two', chunks: [{ sentences: ['Sea.', 'Land.'] }] })
    const before = await loadCorpus(library.pool)
    expect(await remove(one)).toBe(true)
    expect((await listFeeds(library.pool)).map(({ id }) => id)).toEqual([two])
    expect(await loadArticle(library.pool, gone.articleId)).toBeUndefined()
    expect(await loadRevision(library.pool, gone.articleId, 1)).toBeUndefined()
    expect(await library.byKeyword('sea')).toEqual(['Two'])
    expect(await library.byVector()).toEqual(['Two'])
    const after = await loadCorpus(library.pool)
    expect(after.chunks).toBe(1)
    expect(after.revision).toBeGreaterThan(before.revision)
  })

  it('says where there is no such feed, and leaves the rest', async () => {
    const feedId = await library.addFeed()
    await library.publish(feedId, { title: 'One' })
    expect(await remove('feed_none')).toBe(false)
    expect(await listArticles(library.pool, {}, { after: null, limit: 10 })).toHaveLength(1)
  })

  it('blanks what an answer quotes of it, and leaves the quotes of others', async () => {
    const { one, mine, theirs } = await publishInTwoFeeds()
    const body = {
      answer: 'Whales sing. [1] Seals bark. [2]',
      sentences: [{ text: 'Whales sing.', citations: [1] }],
      citations: [
        { number: 1, articleId: mine, title: 'Mine', quote: 'Whales sing.' },
        { number: 2, articleId: theirs, title: 'Theirs', quote: 'Seals bark.' },
      ],
      sources: [
        { articleId: theirs, text: 'Seals bark.' },
        { articleId: mine, text: 'Whales sing.' },
      ],
      models: { chat: null },
    }
    const trace = {
      prompt: 'Whales sing. Seals bark.',
      promptHash: 'abc',
      passages: [{ articleId: mine, text: 'Whales sing.' }],
      decision: { reason: null },
    }
    await keepAnswer(library, { id: 'ans_1', body, trace, articleIds: [mine, theirs] })
    await remove(one)
    expect(await loadAnswer(library.pool, 'ans_1')).toEqual({
      body: {
        ...body,
        citations: [
          { number: 1, articleId: mine, title: 'Mine', quote: '' },
          { number: 2, articleId: theirs, title: 'Theirs', quote: 'Seals bark.' },
        ],
        sources: [
          { articleId: theirs, text: 'Seals bark.' },
          { articleId: mine, text: '' },
        ],
      },
      trace: { ...trace, prompt: null, passages: [] },
    })
  })

  it('leaves nothing of it in an extracted answer, whose sentences are quotes', async () => {
    const { one, mine } = await publishInTwoFeeds()
    const quote = 'Whales sing.'
    const body = {
      status: 'extracted',
      answer: `${quote} [1]`,
      sentences: [{ text: quote, start: 0, end: 12, citations: [1] }],
      citations: [{ number: 1, articleId: mine, quote }],
      sources: [{ articleId: mine, text: quote }],
    }
    const trace = { prompt: null, passages: [{ articleId: mine, text: quote }] }
    await keepAnswer(library, {
      id: 'ans_1',
      status: 'extracted',
      reason: 'model-unavailable',
      body,
      trace,
      articleIds: [mine],
    })
    await remove(one)
    const kept = await loadAnswer(library.pool, 'ans_1')
    expect(JSON.stringify(kept)).not.toContain(quote)
    expect(kept?.body).toMatchObject({ status: 'extracted', answer: '', sentences: [] })
  })

  it('leaves answers alone that quote nothing of it', async () => {
    const { one, theirs } = await publishInTwoFeeds()
    const body = {
      answer: 'Seals bark. [1]',
      citations: [{ number: 1, articleId: theirs, quote: 'Seals bark.' }],
      sources: [{ articleId: theirs, text: 'Seals bark.' }],
    }
    const trace = { prompt: 'Seals bark.', passages: [{ text: 'Seals bark.' }] }
    await keepAnswer(library, { id: 'ans_1', body, trace, articleIds: [theirs] })
    await keepAnswer(library, { id: 'ans_2', status: 'refused', reason: 'no-evidence', body: {} })
    await remove(one)
    expect(await loadAnswer(library.pool, 'ans_1')).toEqual({ body, trace })
    expect(await loadAnswer(library.pool, 'ans_2')).toEqual({ body: {}, trace: {} })
  })

  async function publishInTwoFeeds() {
    const one = await library.addFeed('https://one.example/feed')
    const two = await library.addFeed('https://two.example/feed')
    const mine = await library.publish(one, { chunks: [{ sentences: ['Whales sing.'] }] })
    const theirs = await library.publish(two, { chunks: [{ sentences: ['Seals bark.'] }] })
    return { one, mine: mine.articleId, theirs: theirs.articleId }
  }
}
