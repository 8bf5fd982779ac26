import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSseParser } from './sse-parser.ts'
import type { SseEvent } from './sse-parser.ts'

function parse(...pieces: string[]): SseEvent[] {
  const parser = createSseParser()
  return pieces.flatMap((piece) => parser.push(piece))
}

describe('createSseParser', () => {
  it('gives an event with its name and data at the blank line', () => {
    expect(parse('event: answer-delta\ndata: {"text":"a"}\n\n')).toEqual([
      { event: 'answer-delta', data: '{"text":"a"}' },
    ])
  })

  it('holds an event back until its blank line has come', () => {
    const parser = createSseParser()
    expect(parser.push('event: answer-end\ndata: 1\n')).toEqual([])
    expect(parser.push('\n')).toEqual([{ event: 'answer-end', data: '1' }])
  })

  it('joins several data lines with a line feed', () => {
    expect(parse('data: one\ndata: two\ndata\n\n')).toEqual([
      { event: 'message', data: 'one\ntwo\n' },
    ])
  })

  it('passes over comments, unknown fields and events without data', () => {
    const stream =
      ': waiting\n\nevent: answer-queued\n\nid: 7\nretry: 10\ncolour: red\n\ndata: 1\n\n'
    expect(parse(stream)).toEqual([{ event: 'message', data: '1' }])
  })

  it('takes one space from the start of a value and no more', () => {
    expect(parse('data:  a\n\ndata:b\n\n').map(({ data }) => data)).toEqual([' a', 'b'])
  })

  it('does not keep the name of one event for the next', () => {
    expect(parse('event: a\ndata: 1\n\ndata: 2\n\n').map(({ event }) => event)).toEqual([
      'a',
      'message',
    ])
  })

  it('drops an event that the stream ends in the middle of', () => {
    expect(parse('data: whole\n\ndata: half\n')).toEqual([{ event: 'message', data: 'whole' }])
  })

  it('takes a CRLF that is cut in two as one line end', () => {
    expect(parse('data: 1\r', '\ndata: 2\r', '\n', '\r', '\n')).toEqual([
      { event: 'message', data: '1\n2' },
    ])
  })

  it('gives an event at a bare CR without waiting for what follows', () => {
    expect(parse('data: 1\r\r')).toEqual([{ event: 'message', data: '1' }])
  })

  it.each(['\n', '\r\n', '\r'])('gives the same events wherever the stream is cut (%j)', (end) => {
    const lines = [': x', 'event: answer-delta', 'data: {"a":1}', 'data:  b', '', 'data: c', '', '']
    const stream = lines.join(end)
    const whole = parse(stream)
    expect(whole).toHaveLength(2)
    const cuts = fc.uniqueArray(fc.integer({ min: 0, max: stream.length }))
    fc.assert(
      fc.property(cuts, (places) => {
        const edges = [0, ...places.sort((a, b) => a - b), stream.length]
        const pieces = edges.slice(1).map((edge, index) => stream.slice(edges[index], edge))
        expect(parse(...pieces)).toEqual(whole)
      }),
    )
  })
})
