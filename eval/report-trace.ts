import type { ArticleSpan, CandidateRank, CaseAnswer } from './case-answer.ts'
import type { GoldenCase } from './golden-case.ts'
import { markup, type Markup } from './markup.ts'
import { linkArticle } from './report-article.ts'
import { formatDuration, NO_FIGURE } from './report-figures.ts'

/** Candidates further down are shown where they are of a right article. */
const CANDIDATES_SHOWN = 15

/** How an answer came about, folded away. */
export function renderTrace(answer: CaseAnswer, golden: GoldenCase): Markup {
  return markup`<details class="trace"><summary>Trace</summary>
${renderDecision(answer)}
<h5>Given to read (${answer.passages.length})</h5>
${answer.passages.length === 0 ? markup`<p class="absent">Nothing.</p>` : markup`<ol class="passages">${answer.passages.map((passage) => renderPassage(passage, golden))}</ol>`}
${renderCandidates(answer.candidates, golden)}
<h5>Generated, before grounding</h5>
${answer.generated === null ? markup`<p class="absent">Nothing was generated.</p>` : markup`<pre>${answer.generated}</pre>`}
${renderDropped(answer.dropped)}
</details>`
}

function renderDecision(answer: CaseAnswer): Markup {
  const { timings, tokens } = answer
  const facts: readonly (readonly [string, string | null])[] = [
    ['answer', answer.answerId],
    ['decided', answer.reason === null ? answer.status : `${answer.status}: ${answer.reason}`],
    ['evidence states it', answer.statesAnswer?.toFixed(3) ?? null],
    ['threshold', answer.threshold?.toFixed(3) ?? null],
    ['chat model', answer.chatModel],
    ['prompt', answer.promptHash],
    ['search', formatDuration(timings.searchMs)],
    ['first word', timings.firstTokenMs === null ? null : formatDuration(timings.firstTokenMs)],
    ['whole answer', formatDuration(timings.totalMs)],
    ['tokens', `${tokens.prompt} read, ${tokens.completion} written`],
  ]
  return markup`<dl class="facts">${facts.map(([name, value]) => value !== null && markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function renderPassage({ guid, start, end, text }: ArticleSpan, golden: GoldenCase): Markup {
  const isGold = golden.articles.includes(guid)
  return markup`<li><p class="place">${linkArticle(guid)}, ${start}–${end}${isGold && markup` <b class="gold">right article</b>`}</p>
<blockquote>${markQuotes(text, quotesOf(golden, guid))}</blockquote></li>`
}

function quotesOf({ evidence }: GoldenCase, guid: string): readonly string[] {
  return evidence.filter(({ article }) => article === guid).map(({ quote }) => quote)
}

/** The text with the first of the quotes that stands in it marked. */
function markQuotes(text: string, quotes: readonly string[]): Markup {
  for (const quote of quotes) {
    const at = text.indexOf(quote)
    if (at < 0) continue
    const end = at + quote.length
    return markup`${text.slice(0, at)}<mark>${text.slice(at, end)}</mark>${text.slice(end)}`
  }
  return markup`${text}`
}

function renderCandidates(candidates: readonly CandidateRank[] | null, golden: GoldenCase): Markup {
  if (candidates === null) {
    return markup`<h5>Candidates</h5><p class="absent">This target does not tell its candidates.</p>`
  }
  const ranked = candidates.map((candidate, at) => ({
    ...candidate,
    rank: at + 1,
    isGold: golden.articles.includes(candidate.guid),
  }))
  const shown = ranked.filter(({ rank, isGold }) => rank <= CANDIDATES_SHOWN || isGold)
  const hidden = ranked.length - shown.length
  return markup`<h5>Candidates (${ranked.length})</h5>
<div class="scroll"><table class="candidates" aria-label="Candidates, best first"><thead><tr><th scope="col">Rank</th><th scope="col">Article</th><th scope="col">Chunk</th><th scope="col">Keyword</th><th scope="col">Vector</th><th scope="col">Fused</th></tr></thead>
<tbody>${shown.map(
    ({ rank, guid, chunkId, keyword, vector, fused, isGold }) =>
      markup`<tr><th scope="row">${rank}</th><td>${guid}${isGold && markup` <b class="gold">right article</b>`}</td><td>${chunkId}</td><td>${formatScore(keyword)}</td><td>${formatScore(vector)}</td><td>${formatScore(fused)}</td></tr>`,
  )}</tbody></table></div>
${hidden > 0 && markup`<p class="absent">${hidden} more, none of a right article.</p>`}`
}

function formatScore(score: number | null): string {
  if (score === null) return NO_FIGURE
  return Number.isInteger(score) ? String(score) : score.toFixed(3)
}

function renderDropped(dropped: CaseAnswer['dropped']): Markup | null {
  if (dropped.length === 0) return null
  return markup`<h5>Dropped (${dropped.length})</h5><ul>${dropped.map(({ text, why }) => markup`<li><q class="said">${text}</q> – ${why}</li>`)}</ul>`
}
