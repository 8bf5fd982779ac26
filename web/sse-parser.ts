// Server-sent events as the WHATWG HTML standard reads them (section 9.2.6), for a stream that
// comes from fetch: EventSource can neither POST nor send an Authorization header.

export interface SseEvent {
  readonly event: string
  readonly data: string
}

interface SseParser {
  /** Takes the next piece of text, cut anywhere, and gives the events it completes. */
  push(text: string): readonly SseEvent[]
}

export function createSseParser(): SseParser {
  let partialLine = ''
  let endedInReturn = false
  let event = ''
  let data: string[] = []

  function takeLine(line: string): SseEvent[] {
    if (line === '') return dispatch()
    const { name, value } = fieldOf(line)
    if (name === 'event') event = value
    if (name === 'data') data.push(value)
    return []
  }

  function dispatch(): SseEvent[] {
    const events = data.length === 0 ? [] : [{ event: event || 'message', data: data.join('\n') }]
    event = ''
    data = []
    return events
  }

  return {
    push(text) {
      if (text === '') return []
      // A CRLF cut between two pieces is one line end, and its line was taken at the CR.
      const rest = endedInReturn && text.startsWith('\n') ? text.slice(1) : text
      endedInReturn = rest.endsWith('\r')
      const lines = (partialLine + rest).split(/\r\n|\n|\r/)
      partialLine = lines.pop() ?? ''
      return lines.flatMap(takeLine)
    },
  }
}

/** A comment is a line that starts with a colon: a field without a name, which nothing takes. */
function fieldOf(line: string): { name: string; value: string } {
  const colon = line.indexOf(':')
  if (colon === -1) return { name: line, value: '' }
  const value = line.slice(colon + 1)
  return { name: line.slice(0, colon), value: value.startsWith(' ') ? value.slice(1) : value }
}
