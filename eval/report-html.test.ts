import { describe, expect, it } from 'vitest'
import {
  sketchAnswer,
  sketchFault,
  sketchGolden,
  sketchInput,
  sketchMetric,
  sketchRefusal,
  sketchReport,
  sketchRow,
  sketchRun,
  sketchScores,
} from '../test/report-sketch.ts'
import { renderReportHtml } from './report-html.ts'
import type { ReportInput } from './report-view.ts'
import type { EvaluatedCase } from './report.ts'

const broken = {
  caseId: 'c-1',
  arm: 'system',
  of: 'answer' as const,
  direction: 'broken' as const,
  stage: 'retrieval' as const,
  explanation: 'The right article fell from rank 1 to rank 7.',
}

/** A run in which every part of a report has something to show. */
function richInput(): ReportInput {
  const wrong = sketchScores({ correct: false, failure: 'wrong-fact' })
  const metric = sketchMetric()
  const metrics = { balanced: metric, correct: metric, 'refusal-recall': metric, 'hit@1': metric }
  return sketchInput({
    run: sketchRun({ arms: ['system', 'keyword'] }),
    report: sketchReport({
      verdict: 'regressed',
      reasons: ['correct fell by 6.4 points.'],
      metrics: { system: metrics, keyword: metrics },
      flips: [broken],
      heldOut: [{ caseId: 'c-2', why: 'its evidence sentence changed' }],
      judge: {
        model: 'ollama:large',
        truePositiveRate: 0.9,
        falsePositiveRate: 0.2,
        checked: 60,
        isTrusted: false,
        scores: { system: { accuracy: 0.7, faithfulness: 0.9, toxicity: 0 } },
      },
    }),
    rows: [
      sketchRow({ golden: sketchGolden({ id: 'c-2' }) }),
      sketchRow({ scores: wrong }),
      sketchRow({ arm: 'keyword' }),
      sketchRefusal(),
      sketchFault({ golden: sketchGolden({ id: 'c-3' }) }),
    ],
    history: [
      {
        runId: 'eval_0',
        at: '2026-03-01T03:00:00Z',
        arm: 'system',
        metrics: { balanced: 0.7, correct: null },
        verdict: 'passed',
      },
    ],
    answersBefore: [
      {
        caseId: 'c-1',
        arm: 'system',
        answer: sketchAnswer({ answer: 'Eight thousand bytes. [1]' }),
      },
    ],
  })
}

/** What stands under a heading, up to the next one. */
function sectionOf(html: string, id: string): string {
  const start = html.indexOf(`<h2 id="${id}">`)
  const end = html.indexOf('<h2 id=', start + 1)
  return html.slice(start, end < 0 ? undefined : end)
}

function attributesOf(html: string, names: string): readonly string[] {
  return [...html.matchAll(new RegExp(`\\b(?:${names})="([^"]*)"`, 'g'))].map(
    ([, value = '']) => value,
  )
}

describe('a report', () => {
  const html = renderReportHtml(richInput())

  it('says its verdict first, in words, with its reasons', () => {
    const verdict = sectionOf(html, 'verdict')
    expect(verdict).toContain('✕ Regressed')
    expect(verdict).toContain('correct fell by 6.4 points.')
    expect(verdict).toContain('First figures.')
  })

  it('has its parts in order', () => {
    const ids = [...html.matchAll(/<h2 id="([a-z-]+)"/g)].map(([, id]) => id)
    expect(ids).toEqual([
      'verdict',
      'headline',
      'flips',
      'held-out',
      'plots',
      'metrics',
      'judge',
      'notes',
      'cases',
    ])
  })

  it('has the balanced outcome with both halves, their intervals and the baseline', () => {
    const headline = sectionOf(html, 'headline')
    for (const title of ['Balanced outcome', 'Right', 'Refused']) {
      expect(headline).toContain(`<h3>${title}</h3><p class="big">80.0 %</p>`)
    }
    expect(headline).toContain('70.0–88.0')
    expect(headline).toContain('baseline 75.0 %')
  })

  it('shows a flip with its stage, why, the answer before and now, and the way to its case', () => {
    const flips = sectionOf(html, 'flips')
    expect(flips).toContain('retrieval: other passages were found')
    expect(flips).toContain('fell from rank 1 to rank 7')
    expect(flips).toContain('Eight thousand bytes. [1]')
    expect(flips).toContain('At most 8000 bytes. [1]')
    expect(flips).toContain('limited to 8000 bytes')
    expect(flips).toContain('<a href="#case-c-1">')
  })

  it('names what is held out, and why', () => {
    expect(sectionOf(html, 'held-out')).toContain('its evidence sentence changed')
  })

  it('has every plot, each with a title and what is to be seen', () => {
    const plots = sectionOf(html, 'plots')
    const ids = attributesOf(plots, 'id').filter((id) => /^plot-[a-z-]+$/.test(id))
    const figures = ids.filter((id) => !/-(title|desc|p\d+)$/.test(id))
    expect(figures).toEqual([
      'plot-scores-system',
      'plot-history-system',
      'plot-failures',
      'plot-latency',
      'plot-refusal',
      'plot-scores-keyword',
      'plot-history-keyword',
    ])
    expect(plots.match(/<svg role="img" aria-labelledby=/g)).toHaveLength(figures.length)
    expect(plots).toContain(
      '<desc id="plot-failures-desc">system, of 4: 1 ended in an error, 1 wrong or missing fact',
    )
  })

  it('has numbers alone in its plots', () => {
    expect(sectionOf(html, 'plots')).not.toMatch(/NaN|Infinity|undefined/)
  })

  it('says of a judge below the bar that it decides nothing', () => {
    expect(sectionOf(html, 'judge')).toContain('did not pass its check')
  })

  it('has every case, the flipped one first and open, the right ones folded', () => {
    const cases = sectionOf(html, 'cases')
    expect(
      [...cases.matchAll(/<details class="case" id="([^"]+)"( open)?>/g)].map(([, ...of]) => of),
    ).toEqual([
      ['case-c-1', ' open'],
      ['case-c-3', ' open'],
      ['case-c-2', undefined],
      ['case-u-1', undefined],
    ])
  })

  it('has the trace of an answer in its case', () => {
    const cases = sectionOf(html, 'cases')
    for (const part of [
      'I think.',
      'nothing supports it',
      'prompt_1',
      'ans_1',
      'chunk_1',
      '0.900',
    ]) {
      expect(cases).toContain(part)
    }
    expect(cases).toContain('<mark>limited to 8000 bytes</mark>')
  })

  it('has each id once', () => {
    const ids = attributesOf(html, 'id')
    expect(ids).toEqual([...new Set(ids)])
  })

  it('leads to no place that is not in it', () => {
    const ids = new Set(attributesOf(html, 'id'))
    const targets = attributesOf(html, 'href').filter((href) => href.startsWith('#'))
    expect(targets.filter((target) => !ids.has(target.slice(1)))).toEqual([])
  })

  it('is the same whenever it is made', () => {
    expect(renderReportHtml(richInput())).toBe(html)
  })
})

describe('a report by itself', () => {
  const html = renderReportHtml(richInput())

  it('fetches nothing and runs nothing', () => {
    expect(html).not.toMatch(/<(script|link|img|iframe|object|embed|base|form)\b/i)
    expect(html).not.toMatch(/\bon[a-z]+=/i)
    expect(html).not.toMatch(/@import|url\((?!#)/i)
    expect(attributesOf(html, 'src|xlink:href')).toEqual([])
  })

  it('leaves to articles alone, and tells them nothing', () => {
    const links = [...html.matchAll(/<a [^>]*href="(?!#)[^>]*>/g)].map(([link]) => link)
    expect(links.length).toBeGreaterThan(0)
    for (const link of links) expect(link).toMatch(/rel="noopener noreferrer" href="https?:/)
  })

  it('links no guid that is not a web address', () => {
    const golden = sketchGolden({
      articles: ['javascript:alert(1)'],
      evidence: [{ article: 'javascript:alert(1)', quote: 'limited' }],
    })
    const html = renderReportHtml(sketchInput({ rows: [sketchRow({ golden })] }))
    expect(html).toContain('<span class="article">javascript:alert(1)</span>')
    expect(html).not.toContain('href="javascript')
  })
})

describe('what people, articles and models said', () => {
  const EVIL = '<script>alert("1")</script>\ud83d'
  const passage = { guid: EVIL, start: 0, end: 1, text: EVIL }

  it('is text, wherever it stands', () => {
    const golden = sketchGolden({
      question: EVIL,
      turns: [{ role: 'user', content: EVIL }],
      facts: [[EVIL]],
      must_not: [EVIL],
      reference: EVIL,
      evidence: [{ article: EVIL, quote: EVIL }],
      tags: [EVIL],
    })
    const answer = sketchAnswer({
      answer: EVIL,
      citations: [{ ...passage, number: 1 }],
      passages: [passage],
      candidates: [{ guid: EVIL, chunkId: EVIL, keyword: null, vector: null, fused: 0 }],
      generated: EVIL,
      dropped: [{ text: EVIL, why: EVIL }],
    })
    const judge = { accuracy: 1, faithfulness: 1, toxicity: 0, verdict: EVIL }
    const report = sketchReport({
      reasons: [EVIL],
      notes: [EVIL],
      flips: [{ ...broken, explanation: EVIL }],
      heldOut: [{ caseId: 'c-1', why: EVIL }],
    })
    const run = sketchRun({ error: EVIL, fingerprints: { [EVIL]: EVIL }, target: EVIL, set: EVIL })
    const regressionOf = { why: EVIL, at: EVIL, commit: EVIL }
    const rows = [
      sketchRow({ golden, answer, judge }),
      sketchFault({ arm: 'keyword', golden, error: EVIL }),
    ]
    const html = renderReportHtml(sketchInput({ run, report, rows, regressionOf }))
    expect(html).not.toContain('<script')
    expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;\ufffd')
    expect(html.isWellFormed()).toBe(true)
  })
})

describe('a run without', () => {
  it('a report says why there are no figures', () => {
    const run = sketchRun({ state: 'failed', error: 'The model file is missing.' })
    const html = renderReportHtml(sketchInput({ run, report: null, rows: [] }))
    expect(sectionOf(html, 'verdict')).toContain('✕ Failed')
    expect(sectionOf(html, 'verdict')).toContain('The model file is missing.')
    expect(sectionOf(html, 'headline')).toContain('There are no figures.')
    expect(html).not.toMatch(/NaN|undefined/)
  })

  it('a baseline says so', () => {
    const metric = sketchMetric({ baseline: null, p: null })
    const report = sketchReport({ metrics: { system: { correct: metric } } })
    const html = renderReportHtml(sketchInput({ report, regressionOf: null }))
    expect(html).toContain('There is no baseline to compare with.')
    expect(sectionOf(html, 'headline')).toContain('no baseline')
    expect(html).not.toMatch(/NaN|undefined/)
  })

  it('any value in a metric draws the others', () => {
    const none = sketchMetric({ value: null, low: null, high: null, baseline: null, p: null })
    const report = sketchReport({ metrics: { system: { correct: none, 'hit@1': sketchMetric() } } })
    const plots = sectionOf(renderReportHtml(sketchInput({ report })), 'plots')
    expect(plots).toContain('hit@1 80.0 %')
    expect(plots).not.toMatch(/NaN|undefined/)
  })

  it('probabilities says why there is no refusal curve', () => {
    const answer = sketchAnswer({ statesAnswer: null })
    const rows = [sketchRow({ answer }), sketchRefusal({ answer })]
    expect(renderReportHtml(sketchInput({ rows }))).toContain('No refusal curve')
  })
})

describe('a run of thousands', () => {
  it('has flips and failures whole and a line for each other case, and is made in seconds', () => {
    const numbered = (at: number): Partial<EvaluatedCase> => ({
      golden: sketchGolden({ id: `c-${at}` }),
      answer: sketchAnswer({ answerId: `ans_${at}` }),
    })
    const scores = sketchScores({ correct: false, failure: 'wrong-fact' })
    const rows = Array.from({ length: 10_000 }, (_, at) =>
      sketchRow(at % 100 === 0 ? { ...numbered(at), scores } : numbered(at)),
    )
    const startedAt = performance.now()
    const html = renderReportHtml(sketchInput({ rows }))
    expect(performance.now() - startedAt).toBeLessThan(30_000)
    expect(html.match(/<details class="case"/g)).toHaveLength(100)
    expect(html.match(/<li id="case-c-\d+"/g)).toHaveLength(9_900)
    expect(html).toContain('system: right (ans_9999)')
    expect(html).toContain('only flips and failures are shown whole')
  })
})
