import { describe, expect, it } from 'vitest'
import { transaction } from '../../src/db/database.ts'
import {
  deleteOldAnswers,
  loadAnswer,
  loadAnswerToRepeat,
  reuseRoomOfAnswers,
} from '../../src/store/answers.ts'
import { listArticles, loadArticle, loadRevision } from '../../src/store/articles.ts'
import { blankQuotes } from '../../src/store/blank-quotes.ts'
import { loadCorpus } from '../../src/store/corpus.ts'
import { deleteFeed } from '../../src/store/delete-feed.ts'
import {
  insertEvaluation,
  insertEvaluationRow,
  listEvaluationRows,
} from '../../src/store/evaluations.ts'
import { insertFeedback, listLastFeedback } from '../../src/store/feedback.ts'
import { listFeeds } from '../../src/store/feeds.ts'
import { addToReview, openReview, settleReview } from '../../src/store/reviews.ts'
import { keepAnswer } from './answer-sketch.ts'
import type { LibraryUnderTest } from './library-under-test.ts'

export function describeAnswers(library: LibraryUnderTest): void {
  describe('a kept answer', () => describeKept(library))
  describe('an answer to repeat', () => describeRepeated(library))
  describe('old answers', () => describeOld(library))
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

function describeRepeated(library: LibraryUnderTest): void {
  const repeated = (fingerprint: string) => loadAnswerToRepeat(library.pool, fingerprint)
  const say = (id: string, rating: 'up' | 'down') =>
    insertFeedback(library.pool, id, { rating, comment: null, correction: null })

  it('is the newest that has the fingerprint', async () => {
    await keepAnswer(library, { id: 'ans_1', body: { answer: 'Old.' }, fingerprint: 'a' })
    // The embedded database's clock has milliseconds, and both may fall into one.
    await library.pool.query(
      `update answer set created_at = created_at - interval '1 minute' where id = 'ans_1'`,
    )
    await keepAnswer(library, { id: 'ans_2', body: { answer: 'New.' }, fingerprint: 'a' })
    await keepAnswer(library, { id: 'ans_3', body: { answer: 'Other.' }, fingerprint: 'b' })
    await keepAnswer(library, { id: 'ans_4', body: { answer: 'None.' } })
    expect(await repeated('a')).toEqual({ answer: 'New.' })
    expect(await repeated('c')).toBeUndefined()
  })

  it('is none where a reader marked it wrong, nor another one that says the same', async () => {
    await keepAnswer(library, { id: 'ans_1', fingerprint: 'a' })
    await keepAnswer(library, { id: 'ans_2', fingerprint: 'a' })
    await keepAnswer(library, { id: 'ans_3', fingerprint: 'b' })
    await say('ans_1', 'down')
    expect(await repeated('a')).toBeUndefined()
    await keepAnswer(library, { id: 'ans_4', fingerprint: 'a' })
    expect(await repeated('a')).toBeUndefined()
    expect(await repeated('b')).toBeDefined()
  })

  it('is there again where the last that was said of it is that it is right', async () => {
    await keepAnswer(library, { id: 'ans_1', fingerprint: 'a' })
    await say('ans_1', 'down')
    await say('ans_1', 'up')
    expect(await repeated('a')).toBeDefined()
    await say('ans_1', 'down')
    expect(await repeated('a')).toBeUndefined()
  })

  it('is none whose quotes are gone', async () => {
    await keepAnswer(library, { id: 'ans_1', fingerprint: 'a', articleIds: ['art_gone'] })
    expect(await repeated('a')).toBeUndefined()
  })
}

function describeOld(library: LibraryUnderTest): void {
  const before = new Date('2026-06-01T00:00:00Z')
  const keepFrom = async (day: string, id: string) => {
    await keepAnswer(library, { id, articleIds: ['art_gone'] })
    const values = [id, `${day}T00:00:00Z`]
    await library.pool.query(
      'update answer set created_at = $2::timestamptz where answer.id = $1::text',
      values,
    )
  }
  const remaining = async () => {
    const { rows } = await library.pool.query<{ id: string }>('select id from answer order by id')
    return rows.map(({ id }) => id)
  }
  const remove = (options: { keptRuns?: readonly string[]; limit?: number } = {}) =>
    deleteOldAnswers(library.pool, { before, keptRuns: [], limit: 10, ...options })
  const review = async (answerId: string) => {
    const reasons = ['asked-for'] as const
    const asked = { question: answerId, questionKey: answerId, reasons, reopens: true }
    const { id = '' } = (await openReview(library.pool, asked)) ?? {}
    await addToReview(library.pool, id, { answerId, reasons })
    return id
  }

  it('are deleted, the oldest first, with what was said of them', async () => {
    await keepFrom('2026-05-31', 'ans_1')
    await keepFrom('2026-05-01', 'ans_2')
    await keepFrom('2026-06-01', 'ans_3')
    const down = { rating: 'down', comment: null, correction: null } as const
    await insertFeedback(library.pool, 'ans_2', down)
    expect(await remove({ limit: 1 })).toBe(1)
    expect(await remaining()).toEqual(['ans_1', 'ans_3'])
    expect(await listLastFeedback(library.pool, ['ans_2'])).toEqual([])
    expect(await remove()).toBe(1)
    expect(await remove()).toBe(0)
    expect(await remaining()).toEqual(['ans_3'])
  })

  it('stay while an open review waits for them', async () => {
    await keepFrom('2026-05-01', 'ans_1')
    const id = await review('ans_1')
    expect(await remove()).toBe(0)
    await settleReview(library.pool, id, { action: 'dismiss', correction: null })
    expect(await remove()).toBe(1)
  })

  it('stay where a kept run holds them, and go from the rows of the others', async () => {
    const run = { setName: 's', origin: 'asked', request: {}, plan: {}, fingerprints: {} } as const
    for (const [id, answerId] of [
      ['run_1', 'ans_1'],
      ['run_2', 'ans_2'],
    ] as const) {
      await keepFrom('2026-05-01', answerId)
      await insertEvaluation(library.pool, { ...run, id, corpusRevision: 1, total: 1 })
      const row = { arm: 'system', caseId: 'c', repetition: 1, result: {}, error: null }
      await insertEvaluationRow(library.pool, id, { ...row, answerId })
    }
    expect(await remove({ keptRuns: ['run_1'] })).toBe(1)
    expect(await remaining()).toEqual(['ans_1'])
    expect(await listEvaluationRows(library.pool, 'run_2')).toMatchObject([{ answerId: null }])
  })

  it('leave their room to others', async (context) => {
    context.skip(library.engine === 'server', 'a server sees to that by itself')
    const fill = async (name: string) => {
      const body = { text: Array.from({ length: 2_000 }, () => Math.random()).join(' ') }
      for (let at = 0; at < 30; at += 1) {
        await keepAnswer(library, { id: `ans_${name}_${at}`, body })
      }
    }
    const size = async () => {
      const { rows } = await library.pool.query<{ size: number }>(
        `select pg_total_relation_size('answer')::integer as size`,
      )
      return rows[0]?.size ?? 0
    }
    const later = new Date(Date.now() + 60_000)
    const removeAll = () =>
      deleteOldAnswers(library.pool, { before: later, keptRuns: [], limit: 50 })
    await fill('first')
    const first = await size()
    for (const name of ['second', 'third']) {
      await removeAll()
      await reuseRoomOfAnswers(library.pool)
      await fill(name)
    }
    expect(await size()).toBeLessThan(first * 1.5)
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
