import { describe, expect, it } from 'vitest'
import { cleanHtml } from '../ingest/clean-html.ts'
import { parseFeed } from '../ingest/parse-feed.ts'
import { parseBeir, toFeeds } from './beir-corpus.ts'

const corpus = [
  '{"_id": "d1", "title": "One", "text": "First.", "metadata": {}}',
  '{"_id": "d2", "text": "Second."}',
  '',
].join('\n')
const queries = '{"_id": "q1", "text": "first?"}\n{"_id": "q2", "text": "nothing?"}'

describe('a corpus in BEIR form', () => {
  it('gives its documents and the queries that have a relevant one', () => {
    const qrels = 'query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t2\nq2\td1\t0\n'
    expect(parseBeir({ corpus, queries, qrels })).toEqual({
      documents: [
        { id: 'd1', title: 'One', text: 'First.' },
        { id: 'd2', title: '', text: 'Second.' },
      ],
      queries: [{ id: 'q1', text: 'first?', gold: ['d1', 'd2'] }],
    })
  })

  it('is refused where a document has no text', () => {
    expect(() => parseBeir({ corpus: '{"_id": "d1"}', queries, qrels: '' })).toThrow(/text/)
  })
})

function readFeed(xml: string) {
  return parseFeed(xml, { fetchedAt: new Date(0), baseUrl: null }).items
}

describe('the feeds of a corpus', () => {
  it('are read back as the documents, whatever signs they hold', () => {
    const document = {
      id: 'https://docs.example/a?b=1&c#d',
      title: 'Is p < .05 & List<String> enough?',
      text: 'If a < b & c > d,\nthen <b>nothing</b> ]]> &amp; more.\n\nSecond “paragraph”.',
    }
    const [item] = readFeed(toFeeds([document])[0] ?? '')
    expect(item).toMatchObject({ guid: document.id, title: document.title })
    expect(cleanHtml(item?.html ?? '').map(({ text }) => text)).toEqual([
      'If a < b & c > d, then <b>nothing</b> ]]> &amp; more.',
      'Second “paragraph”.',
    ])
  })

  const documents = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, title: id, text: 'x'.repeat(50) }))
  const guidsOf = (feeds: readonly string[]) =>
    feeds.map((xml) => readFeed(xml).map(({ guid }) => guid))

  it('hold no more items than a feed may', () => {
    expect(guidsOf(toFeeds(documents, { maxItems: 2 }))).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  })

  it('hold no more bytes than a feed may', () => {
    // An item of 50 letters takes 155 bytes with its elements: two fit into 400, three do not.
    expect(guidsOf(toFeeds(documents, { maxBytes: 400 }))).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  })
})
