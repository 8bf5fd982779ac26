// Ways of an element's own style to have its text not seen, as far as they can be told without the
// page around it: white letters alone may stand on a dark page.

type Declarations = readonly (readonly [property: string, value: string])[]

/** Properties and values, lowered, without comments and what marks them as important. */
export function declarationsOf(style: string): Declarations {
  // A comment of any length would be sought to the end from each place where one might begin.
  const plain = style.toLowerCase().replace(/\/\*.{0,200}?\*\//gs, '')
  return plain.split(';').map((declaration) => {
    const [property = '', value = ''] = declaration.split(':')
    return [property.trim(), value.replace('!important', '').trim()]
  })
}

/** Whether a style hides the text of its element. */
export function hides(style: string): boolean {
  if (style === '') return false
  const declarations = declarationsOf(style)
  return (
    declarations.some(([property, value]) => HIDING.get(property)?.(value) === true) ||
    isOnItsOwnColor(declarations) ||
    isCutToNothing(declarations)
  )
}

/** Of a font's own size or of a page's width: what is further off is nowhere. */
const FAR_OFF = -900
const MIN_OPACITY = 0.1
const MIN_FONT: Readonly<Record<string, number>> = { px: 3, pt: 3, em: 0.2, rem: 0.2, '%': 20 }

const HIDING: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ['display', (value) => value === 'none'],
  ['visibility', (value) => value === 'hidden' || value === 'collapse'],
  ['opacity', (value) => Number.parseFloat(value) / (value.endsWith('%') ? 100 : 1) < MIN_OPACITY],
  ['font-size', isTiny],
  ['color', isTransparent],
  ['clip', isCutOut],
  ['clip-path', (value) => /^inset\((?:50|100)%/.test(value)],
  ['transform', (value) => /scale[xy]?\(0[,)]|translate[xy]?\(-\d{4,}px/.test(value)],
  ...['text-indent', 'left', 'top', 'right', 'bottom', 'margin-left', 'margin-top'].map(
    (property) => [property, isFarOff] as const,
  ),
])

function isTiny(value: string): boolean {
  const [, number = '', unit = ''] = /^(-?[\d.]+)\s*([a-z%]*)/.exec(value) ?? []
  const size = Number.parseFloat(number)
  return size === 0 || size < (MIN_FONT[unit] ?? 0)
}

function isCutOut(value: string): boolean {
  const edges = value.startsWith('rect(') ? (value.match(/\d+/g) ?? []) : []
  return edges.length === 4 && edges.every((edge) => Number(edge) <= 1)
}

/** By a fourth value, or one behind a slash: black is `rgb(0, 0, 0)` and is seen. */
function isTransparent(value: string): boolean {
  const [, inside = ''] = /^(?:rgb|hsl)a?\(([^()]*)\)$/.exec(value) ?? []
  const alpha = inside.includes('/') ? inside.split('/')[1] : inside.split(',')[3]
  return value === 'transparent' || Number.parseFloat(alpha ?? '') === 0
}

function isFarOff(value: string): boolean {
  return Number.parseFloat(value) < FAR_OFF
}

function isOnItsOwnColor(declarations: Declarations): boolean {
  const valuesOf = (...names: readonly string[]) =>
    declarations.filter(([name]) => names.includes(name)).map(([, value]) => toColor(value))
  const grounds = valuesOf('background', 'background-color')
  return valuesOf('color').some((color) => color !== '' && grounds.includes(color))
}

const NAMED: Readonly<Record<string, string>> = { white: '#ffffff', black: '#000000' }

/** One spelling for the commonest ways to write a color. */
function toColor(value: string): string {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/.exec(value)
  if (short !== null)
    return `#${short
      .slice(1)
      .map((digit) => digit + digit)
      .join('')}`
  const parts = /^rgb\((\d+)[\s,]+(\d+)[\s,]+(\d+)\)$/.exec(value)
  if (parts === null) return NAMED[value] ?? value
  const digits = parts.slice(1).map((part) => Number(part).toString(16).padStart(2, '0'))
  return `#${digits.join('')}`
}

/** A box without room, of which nothing may stand out. */
function isCutToNothing(declarations: Declarations): boolean {
  const isClosed = declarations.some(
    ([name, value]) => name === 'overflow' && (value === 'hidden' || value === 'clip'),
  )
  const isFlat = ([name, value]: Declarations[number]) =>
    /^(?:max-)?(?:width|height)$/.test(name) && /^[01](?:px)?$/.test(value)
  return isClosed && declarations.some(isFlat)
}
