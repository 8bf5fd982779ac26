/** A stretch of time: from `from`, inclusive, to `to`, exclusive. */
export interface Period {
  readonly from: Date
  readonly to: Date
  /** Told from now, as “last week” is, and not by the calendar. */
  readonly isRelative: boolean
  /** Words that name it. */
  readonly length: number
}

interface Place {
  readonly words: readonly string[]
  readonly at: number
  readonly now: Date
}

type Unit = 'day' | 'week' | 'month' | 'quarter' | 'year'

const UNITS: ReadonlyMap<string, Unit> = new Map(
  (['day', 'week', 'month', 'quarter', 'year'] as const).flatMap((unit) => [
    [unit, unit],
    [`${unit}s`, unit],
  ]),
)
const MONTHS = `january february march april may june july august september october november
  december`.split(/\s+/)
const NUMBERS = `one two three four five six seven eight nine ten eleven twelve`.split(' ')
const DAY_MS = 86_400_000
const FIRST_YEAR = 1990
const LAST_YEAR = 2099

/**
 * The period that the words (small letters, no marks) name from `at` on; null where they name none.
 * Days begin at midnight UTC and weeks on Monday. A month or day without its year is the last one
 * that has begun.
 */
export function readPeriod(
  words: readonly string[],
  at: number,
  { now }: { readonly now: Date },
): Period | null {
  const start = words[at] === 'the' ? at + 1 : at
  const place = { words, at: start, now }
  const period = readNearby(place) ?? readCalendar(place)
  return period === null ? null : { ...period, length: period.length + start - at }
}

/** “Today”, “this week”, “the last three months”, “two days ago”. */
function readNearby(place: Place): Period | null {
  const { words, at, now } = place
  const [first = '', second = ''] = words.slice(at)
  const today = floorTo('day', now)
  if (first === 'today') return nearby(today, add(today, 'day', 1), 1)
  if (first === 'yesterday') return nearby(add(today, 'day', -1), today, 1)
  const unit = UNITS.get(second)
  if (unit === undefined || !NEARBY.includes(first)) return readCount(place)
  return first === 'this' ? whole(floorTo(unit, now), unit) : readLast(first, unit, now)
}

const BEFORE = ['last', 'past', 'previous']
const NEARBY = ['this', ...BEFORE]

/** “The last three months” up to now; “two days ago” is one day. */
function readCount({ words, at, now }: Place): Period | null {
  const isBefore = BEFORE.includes(words[at] ?? '')
  const [number = '', unitWord = '', ago = ''] = words.slice(isBefore ? at + 1 : at)
  const [count, unit] = [toCount(number), UNITS.get(unitWord)]
  if (count === null || unit === undefined) return null
  const today = floorTo('day', now)
  const then = add(today, unit, -count)
  if (isBefore) return nearby(then, add(today, 'day', 1), 3)
  return ago === 'ago' ? nearby(then, add(then, 'day', 1), 3) : null
}

/** “Last week” is the one before this; “the past week” the seven days up to now. */
function readLast(word: string, unit: Unit, now: Date): Period {
  const today = floorTo('day', now)
  if (word === 'past') return nearby(add(today, unit, -1), add(today, 'day', 1), 2)
  return whole(add(floorTo(unit, now), unit, -1), unit)
}

function whole(from: Date, unit: Unit): Period {
  return nearby(from, add(from, unit, 1), 2)
}

function nearby(from: Date, to: Date, length: number): Period {
  return { from, to, isRelative: true, length }
}

function toCount(word: string): number | null {
  if (/^\d{1,3}$/.test(word)) return Number(word)
  const index = NUMBERS.indexOf(word)
  return index < 0 ? null : index + 1
}

/** “2024”, “2026-04-10”, “April”, “April 2026”, “March 3rd 2026”, “3 March”. */
function readCalendar(place: Place): Period | null {
  const first = place.words[place.at] ?? ''
  const day = readIsoDay(first)
  if (day !== null) return dated(day, 'day', 1)
  const year = toYear(first)
  if (year !== null) return dated(new Date(Date.UTC(year, 0, 1)), 'year', 1)
  const month = toMonth(first)
  if (month === null) return readDayFirst(place)
  return isVerb(place) ? null : readMonth(place, { month, next: place.at + 1 })
}

function readDayFirst(place: Place): Period | null {
  const { words, at } = place
  const day = toDay(words[at] ?? '')
  const next = words[at + 1] === 'of' ? at + 2 : at + 1
  const month = toMonth(words[next] ?? '')
  return day === null || month === null ? null : readDay(place, { month, day, next: next + 1 })
}

/** “What may the article…”: a month has a preposition before it, or its day or year behind. */
function isVerb({ words, at }: Place): boolean {
  const isDated = /^\d/.test(words[at + 1] ?? '')
  const prepositions = 'in since before after until till of during from to and between'.split(' ')
  return words[at] === 'may' && !isDated && !prepositions.includes(words[at - 1] ?? '')
}

interface Month {
  readonly month: number
  /** Where the words go on. */
  readonly next: number
}

function readMonth(place: Place, { month, next }: Month): Period | null {
  const { words, at, now } = place
  const day = toDay(words[next] ?? '')
  if (day !== null) return readDay(place, { month, day, next: next + 1 })
  const year = toYear(words[next] ?? '')
  const thisYear = new Date(Date.UTC(now.getUTCFullYear(), month, 1))
  if (year === null) return dated(lastBegun(thisYear, now), 'month', next - at)
  return dated(new Date(Date.UTC(year, month, 1)), 'month', next - at + 1)
}

function readDay(
  { words, at, now }: Place,
  { month, day, next }: Month & { readonly day: number },
): Period | null {
  const year = toYear(words[next] ?? '')
  const from = new Date(Date.UTC(year ?? now.getUTCFullYear(), month, day))
  if (from.getUTCMonth() !== month) return null
  if (year === null) return dated(lastBegun(from, now), 'day', next - at)
  return dated(from, 'day', next - at + 1)
}

function lastBegun(thisYear: Date, now: Date): Date {
  return thisYear > now ? add(thisYear, 'year', -1) : thisYear
}

function dated(from: Date, unit: Unit, length: number): Period {
  return { from, to: add(from, unit, 1), isRelative: false, length }
}

function readIsoDay(word: string): Date | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(word)) return null
  const day = new Date(`${word}T00:00:00Z`)
  // A 31st of February is read as a day of March.
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(word) ? day : null
}

function toYear(word: string): number | null {
  const year = /^\d{4}$/.test(word) ? Number(word) : 0
  return year >= FIRST_YEAR && year <= LAST_YEAR ? year : null
}

function toMonth(word: string): number | null {
  if (word.length < 3) return null
  const name = word === 'sept' ? 'sep' : word
  const index = MONTHS.findIndex((month) => month === name || month.slice(0, 3) === name)
  return index < 0 ? null : index
}

function toDay(word: string): number | null {
  const [, digits] = /^(\d{1,2})(?:st|nd|rd|th)?$/.exec(word) ?? []
  const day = Number(digits)
  return day >= 1 && day <= 31 ? day : null
}

function floorTo(unit: Unit, time: Date): Date {
  const [year, month, day] = [time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate()]
  switch (unit) {
    case 'day':
      return new Date(Date.UTC(year, month, day))
    case 'week':
      return new Date(Date.UTC(year, month, day - ((time.getUTCDay() + 6) % 7)))
    case 'month':
      return new Date(Date.UTC(year, month, 1))
    case 'quarter':
      return new Date(Date.UTC(year, month - (month % 3), 1))
    case 'year':
      return new Date(Date.UTC(year, 0, 1))
  }
}

/** A month after the 31st is the last day of a shorter month. */
function add(time: Date, unit: Unit, count: number): Date {
  if (unit === 'day' || unit === 'week') {
    return new Date(time.getTime() + count * (unit === 'day' ? 1 : 7) * DAY_MS)
  }
  const months = count * (unit === 'month' ? 1 : unit === 'quarter' ? 3 : 12)
  const [year, month] = [time.getUTCFullYear(), time.getUTCMonth() + months]
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return new Date(Date.UTC(year, month, Math.min(time.getUTCDate(), lastDay)))
}
