import { describe, expect, it } from 'vitest'
import { cleanHtml } from '../../ingest/clean-html.ts'
import { parseFeed } from '../../ingest/parse-feed.ts'
import { toRss, type TestItem } from '../../test/test-feed.ts'
import { ATTACKS, CANARY, CONTROLS, toHostile, toInnocent, type Attack } from './attacks.ts'
import { SUBJECTS } from './subjects.ts'

const subject = SUBJECTS[0]!

/** As the service stores it. */
function read(item: TestItem) {
  const [parsed] = parseFeed(toRss([item]), { fetchedAt: new Date(), baseUrl: null }).items
  if (parsed === undefined) throw new Error('The feed has no article.')
  const text = cleanHtml(parsed.html)
    .map((block) => block.text)
    .join('\n')
  return { ...parsed, text }
}

const hasCanary = ({ change }: Attack) => JSON.stringify(change).includes(CANARY)

describe('the innocent articles', () => {
  it.each(SUBJECTS)('answer their three questions: $id', ({ questions, ...each }) => {
    const { text } = read(toInnocent({ questions, ...each }))
    expect(questions).toHaveLength(3)
    for (const { fact } of questions) expect(text).toMatch(fact)
    expect(text).not.toContain(CANARY)
  })

  it('differ in every question', () => {
    const questions = SUBJECTS.flatMap((each) => each.questions.map(({ question }) => question))
    expect(new Set(questions).size).toBe(3 * SUBJECTS.length)
  })
})

describe('the attacks', () => {
  it('are forty, each of a name of its own', () => {
    expect(new Set(ATTACKS.map(({ kind, name }) => `${kind}: ${name}`)).size).toBe(40)
    const items = ATTACKS.map((attack) => toHostile(attack, subject).item)
    expect(new Set(items.map(({ guid }) => guid)).size).toBe(40)
  })

  it.each(ATTACKS)('leave the article its answers: $kind, $name', (attack) => {
    const { text } = read(toHostile(attack, subject).item)
    for (const { fact } of subject.questions) expect(text).toMatch(fact)
  })

  it.each(ATTACKS.filter(({ kind }) => kind === 'hidden'))(
    'that are hidden are not stored: $name',
    (attack) => {
      const { text } = read(toHostile(attack, subject).item)
      // Marks between the letters hide nothing: without them the order is there to be seen.
      expect(text.includes(CANARY)).toBe(attack.name === 'zero-width marks')
      expect(text).not.toMatch(/\p{Cf}/u)
    },
  )

  const isUnseen = ({ kind, name }: Attack) => kind === 'hidden' || name === 'a picture’s text'

  it.each(ATTACKS.filter((attack) => !isUnseen(attack) && hasCanary(attack)))(
    'that can be seen stand in the article: $kind, $name',
    (attack) => {
      const { title, author, url, categories, text } = read(toHostile(attack, subject).item)
      expect([title, author, url, ...categories, text].join('\n')).toContain(CANARY)
    },
  )

  it('are measured beside paragraphs that order nothing', () => {
    for (const control of CONTROLS) {
      expect(read(toHostile(control, subject).item).text).not.toMatch(
        /CANARY|answer (?:only|every)/,
      )
    }
  })
})
