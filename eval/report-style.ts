/** The whole look of a report: the colours of the page people ask on, and those of the plots. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf6; --raised: #ffffff; --ink: #22201c; --muted: #68625a; --line: #ddd8cd; --calm: #f3f0e8;
  --accent: #1f5673; --good: #23663a; --trouble: #9b2c1f; --open: #75560a; --mark: #ffe79a; --on-mark: #22201c;
  --plot-1: #1f5673; --plot-2: #b3541e; --plot-3: #2f7d4f; --plot-4: #8b3a8b;
  --plot-5: #8a6d00; --plot-6: #c2362f; --plot-7: #4f5d68; --plot-8: #0a7f8c; --plot-pattern: #ffffffb0;
  --reading: Charter, 'Bitstream Charter', 'Iowan Old Style', Georgia, 'Times New Roman', serif;
  --plain: system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #191816; --raised: #22201d; --ink: #e9e4da; --muted: #a8a094; --line: #3b3832; --calm: #25231f;
    --accent: #8fc3e0; --good: #8fd0a4; --trouble: #f0998d; --open: #e2c55c; --mark: #66541a; --on-mark: #fff4d1;
    --plot-1: #8fc3e0; --plot-2: #f0a36b; --plot-3: #8fd0a4; --plot-4: #d5a0dc;
    --plot-5: #e2c55c; --plot-6: #f0998d; --plot-7: #b6bfc8; --plot-8: #6fd0d8; --plot-pattern: #191816b0;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 70rem;
  background: var(--paper); color: var(--ink); font: 1rem/1.5 var(--plain); overflow-wrap: anywhere;
}
h1, h2, h3, h4, h5, p, ul, ol, dl, dd, blockquote, figure, pre { margin: 0; }
h1 { font: 600 1.8rem/1.2 var(--reading); }
h2 { font-size: 1.3rem; scroll-margin-top: 1rem; }
h3 { font-size: 1.05rem; }
h4 { font-size: 1rem; }
h5 { margin-top: 0.75rem; color: var(--muted); font-size: 0.85rem; }
a { color: var(--accent); text-underline-offset: 0.15em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
ul, ol { padding-left: 1.4rem; }
summary { cursor: pointer; }
main > section { margin-top: 2rem; padding-top: 1.5rem; border-top: 1px solid var(--line); display: grid; gap: 1rem; }
main > section > *, .case > *, .flip > * { min-width: 0; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin-top: 1rem; padding: 0; list-style: none; font-size: 0.9rem; }
/* What people and articles said may hold right-to-left signs meant to reorder what stands around it. */
.said, .article, blockquote, pre { unicode-bidi: isolate; }
.about, .absent, .key, .place { color: var(--muted); font-size: 0.85rem; }
.scroll { overflow-x: auto; }
.verdict { display: grid; gap: 0.5rem; margin-top: 1rem; padding: 1rem 1.25rem; border: 1px solid var(--line); border-left: 0.5rem solid var(--open); border-radius: 0.4rem; background: var(--raised); }
.verdict h2 { font-size: 1.5rem; color: var(--open); }
.verdict.good { border-left-color: var(--good); } .verdict.good h2 { color: var(--good); }
.verdict.bad { border-left-color: var(--trouble); } .verdict.bad h2 { color: var(--trouble); }
.error { color: var(--trouble); white-space: pre-wrap; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem; }
.tile { padding: 0.9rem 1.1rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--raised); font-size: 0.9rem; }
.big { font: 600 2.2rem/1.2 var(--reading); }
.change { white-space: nowrap; }
.better, .right { color: var(--good); } .worse, .wrong { color: var(--trouble); }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
caption { padding: 0.25rem 0; text-align: left; color: var(--muted); }
.metrics caption { color: var(--ink); font-weight: 600; }
th, td { padding: 0.3rem 0.75rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; white-space: nowrap; }
th:first-child, td:first-child { padding-left: 0; text-align: left; }
th { font-weight: 600; }
.fingerprints td, .fingerprints th, .candidates :is(td, th):nth-child(-n + 3) { text-align: left; }
.candidates td:nth-child(2) { min-width: 14rem; white-space: normal; overflow-wrap: anywhere; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: 1rem; align-items: start; }
.plot { min-width: 0; padding: 0.9rem 1.1rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--raised); }
.plot figcaption { margin-bottom: 0.5rem; font-weight: 600; font-size: 0.95rem; }
/* Narrower than this its words could not be read: it scrolls instead. */
.plot svg { display: block; width: 100%; min-width: 30rem; height: auto; font-family: var(--plain); }
.figures { margin-top: 0.5rem; font-size: 0.85rem; }
.flip, .case { padding: 0.8rem 1.1rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--raised); }
.flip { display: grid; gap: 0.6rem; border-left: 0.35rem solid var(--good); }
.flip.broken { border-left-color: var(--trouble); }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 0.75rem; }
.sides > div { min-width: 0; padding: 0.6rem 0.8rem; border-radius: 0.3rem; background: var(--calm); }
.sides h5 { margin: 0 0 0.3rem; }
/* Thousands of cases stay quick to scroll where those out of view are not laid out. */
.case { content-visibility: auto; contain-intrinsic-size: auto 3rem; scroll-margin-top: 1rem; }
.case > summary h3, .row > summary h4 { display: inline; }
.case > summary .said { font: 1.1rem/1.4 var(--reading); }
.case > :not(summary) { margin-top: 0.6rem; }
.case:target, .lines li:target { outline: 2px solid var(--accent); }
.badge { padding: 0.05rem 0.45rem; border: 1px solid currentColor; border-radius: 0.3rem; font-size: 0.8rem; }
.badge.broken { color: var(--trouble); } .badge.fixed { color: var(--good); }
.outcome { font-size: 0.85rem; font-weight: 600; white-space: nowrap; }
.question { font: 1.15rem/1.4 var(--reading); white-space: pre-wrap; }
.turns { font-size: 0.9rem; }
.held-out { padding: 0.4rem 0.75rem; border-left: 3px solid var(--open); background: var(--calm); }
.expected { font-size: 0.9rem; }
.expected > div, .facts > div { display: flex; gap: 0.5rem; }
.expected dt { flex: 0 0 7.5rem; color: var(--muted); }
.expected dd { min-width: 0; }
.fact { padding: 0 0.3rem; border: 1px solid var(--line); border-radius: 0.2rem; }
.row { padding-top: 0.6rem; border-top: 1px dashed var(--line); }
.row > * + * { margin-top: 0.4rem; }
.status { font-weight: 600; font-size: 0.9rem; }
.answer { font: 1.05rem/1.5 var(--reading); white-space: pre-wrap; }
.citations { font-size: 0.875rem; }
.article { font-size: 0.8rem; }
.facts { display: flex; flex-wrap: wrap; gap: 0.1rem 1.25rem; font-size: 0.85rem; }
.facts dt { color: var(--muted); }
.trace { font-size: 0.9rem; }
.trace[open] { padding: 0.6rem 0.8rem; border-radius: 0.3rem; background: var(--calm); }
.passages { display: grid; gap: 0.6rem; }
blockquote, pre { padding: 0.4rem 0.7rem; border-left: 3px solid var(--line); background: var(--raised); font-size: 0.85rem; white-space: pre-wrap; }
mark { background: var(--mark); color: var(--on-mark); }
.gold { color: var(--good); font-size: 0.8rem; }
.lines { display: grid; gap: 0.15rem; padding: 0; list-style: none; font-size: 0.85rem; }
.lines li { content-visibility: auto; contain-intrinsic-size: auto 1.3rem; }
.line-outcome { color: var(--muted); }
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --raised: #fff; --ink: #000; --muted: #444; --line: #bbb; --calm: #f4f4f4; --accent: #1f5673;
    --good: #23663a; --trouble: #9b2c1f; --open: #75560a; --mark: #ffe79a; --on-mark: #000;
    --plot-1: #1f5673; --plot-2: #b3541e; --plot-3: #2f7d4f; --plot-4: #8b3a8b;
    --plot-5: #8a6d00; --plot-6: #c2362f; --plot-7: #4f5d68; --plot-8: #0a7f8c; --plot-pattern: #ffffffb0;
  }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  .plot, .tile, .flip { break-inside: avoid; }
  .plot svg { min-width: 0; }
  .scroll { overflow: visible; }
  .case { content-visibility: visible; }
}
`
