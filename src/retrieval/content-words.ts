import { stemmer } from 'stemmer'

const STOP_WORDS = new Set(
  `a about above after again against all also am an and any are as at be because been before being
  below between both but by can could did do does doing done down during each even few for from further
  get gets got had has have having he her here hers him his how however i if in into is it its itself
  just know let like made make makes many may me might more most much must my no nor not now of off on
  once one only or other our ours out over own per please rather same say says shall she should since
  so some such tell than that the their theirs them then there these they this those through to too
  under until up us use used uses using very via was way we were what when where whether which while
  who whom whose why will with within without would yet you your yours`.split(/\s+/),
)

const WORD = /[\p{L}\p{N}]['’\p{L}\p{N}]*/gu

/** The stems of a text's content words, in order, repeated as they are. */
export function contentStems(text: string): readonly string[] {
  return (text.toLowerCase().match(WORD) ?? [])
    .map((word) => word.replace(/['’](s|re|ve|ll|d|m)?$/u, ''))
    .filter((word) => !STOP_WORDS.has(word) && !/n['’]t$/.test(word))
    .map(stemmer)
}

/** Of one word, whether it has content or not. */
export function stemOf(word: string): string {
  return stemmer(word)
}
