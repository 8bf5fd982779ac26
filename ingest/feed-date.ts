// `Date.parse` is of no use here: it reads "Article 12" as a day in 2001, and takes a time without
// a zone for the machine's own.

const DAY_MS = 86_400_000
/** Generators write year 1, 1601 or 0 where they know no date. */
const FIRST_YEAR = 1900
const MAX_OFFSET_MINUTES = 14 * 60
const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const ZONE_HOURS: Readonly<Record<string, number>> = {
  EST: -5,
  EDT: -4,
  CST: -6,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
}

/**
 * Reads the dates of RSS (RFC 822) and of Atom and Dublin Core (RFC 3339). Null where there is
 * none; one that lies ahead is held at a day after the fetch, or it would stay the newest for ever.
 */
export function parseFeedDate(text: string, fetchedAt: Date): Date | null {
  const trimmed = text.trim()
  const time = parseIsoDate(trimmed) ?? parseRfc822Date(trimmed)
  return time === null ? null : new Date(Math.min(time, fetchedAt.getTime() + DAY_MS))
}

function parseIsoDate(text: string): number | null {
  const match = /^(\d{4})-(\d\d)(?:-(\d\d))?/.exec(text)
  if (match === null) return null
  const day = toDay(Number(match[1]), Number(match[2]) - 1, Number(match[3] ?? 1))
  return addTimeOfDay(day, text.slice(match[0].length))
}

function parseRfc822Date(text: string): number | null {
  const withoutWeekday = text.replace(/^[a-z]+[.,\s]+/i, '')
  const match = /^(\d\d?)[\s-]+([a-z]{3})[a-z]*[.\s-]+(\d{4}|\d\d)\b/i.exec(withoutWeekday)
  if (match === null) return null
  const month = MONTHS.indexOf((match[2] ?? '').toLowerCase())
  const day = toDay(fullYear(match[3] ?? ''), month, Number(match[1]))
  return addTimeOfDay(day, withoutWeekday.slice(match[0].length))
}

/** Two digits as RFC 2822, section 4.3, reads them. */
function fullYear(digits: string): number {
  const year = Number(digits)
  if (digits.length === 4) return year
  return year < 50 ? 2000 + year : 1900 + year
}

function toDay(year: number, month: number, day: number): number | null {
  if (year < FIRST_YEAR || month < 0) return null
  const time = Date.UTC(year, month, day)
  const date = new Date(time)
  return date.getUTCMonth() === month && date.getUTCDate() === day ? time : null
}

function addTimeOfDay(day: number | null, text: string): number | null {
  if (day === null || text.trim() === '') return day
  const match = /^[t,\s]*(\d\d?):(\d\d)(?::(\d\d))?[.\d]*\s*(\S*)/i.exec(text)
  if (match === null) return null
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)]
  if (hour > 23 || minute > 59 || second > 60) return null
  return day + ((hour * 60 + minute - offsetMinutes(match[4] ?? '')) * 60 + second) * 1000
}

/** An unknown zone and an impossible offset count as UTC: the day is nearly always still right. */
function offsetMinutes(zone: string): number {
  const match = /^(?:GMT|UTC)?([+-])(\d\d):?(\d\d)/i.exec(zone)
  if (match === null) return (ZONE_HOURS[zone.toUpperCase()] ?? 0) * 60
  const minutes = Number(match[2]) * 60 + Number(match[3])
  if (minutes > MAX_OFFSET_MINUTES) return 0
  return match[1] === '-' ? -minutes : minutes
}
