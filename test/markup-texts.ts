// Texts that would do something if anything read them as markup: as HTML, as Markdown or as a template.

/** Where nothing leads: a request to it is seen by the test. */
const SINK = 'http://127.0.0.1:9'

const VECTORS = [
  '<img src=x onerror=alert(1)>',
  `<img src=${SINK}/?q=1>`,
  '<script>alert(1)</script>',
  `</script><script src=${SINK}/x.js></script>`,
  '"><svg/onload=alert(1)>',
  '<iframe srcdoc="<script>parent.alert(1)</script>"></iframe>',
  `<style>@import "${SINK}/";</style>`,
  `<p style="background:url(${SINK}/?q=1)">`,
  `<link rel=prefetch href=${SINK}/><link rel=stylesheet href=${SINK}/x.css>`,
  `<base href=${SINK}/><meta http-equiv=refresh content=0;url=${SINK}/>`,
  `<object data=${SINK}/></object><embed src=${SINK}/>`,
  `<video src=${SINK}/ onerror=alert(1)><audio src=${SINK}/>`,
  '<details open ontoggle=alert(1)><a href=javascript:alert(1) onfocus=alert(1) autofocus>x</a>',
  `![x](${SINK}/?q=1)`,
  `![x][y]\n\n[y]: ${SINK}/?q=1`,
  '[x](javascript:alert(1))',
  `[${SINK}/](${SINK}/) <${SINK}/>`,
  "{{constructor.constructor('alert(1)')()}}",
  '&lt;img src=x onerror=alert(1)&gt;',
  '\u202Etxt.exe',
]

const WRAPPERS: readonly ((vector: string) => string)[] = [
  (vector) => vector,
  (vector) => `"'>${vector}`,
  (vector) => `</p></div>${vector}`,
  (vector) => `\`\`\`html\n${vector}\n\`\`\``,
  (vector) => `<!-- --!>${vector}<!--`,
]

export const MARKUP_TEXTS = VECTORS.flatMap((vector) => WRAPPERS.map((wrap) => wrap(vector)))

/** What none of them may leave in a page. */
export const MARKUP_FOUND =
  'img, iframe, svg, style, base, object, embed, video, audio, link:not(head > link), script:not([src="page.js"]), [onerror], [onfocus], [onload], [ontoggle], [style]'
