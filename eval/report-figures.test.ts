import { describe, expect, it } from 'vitest'
import { sketchMetric } from '../test/report-sketch.ts'
import {
  changeOf,
  countOf,
  formatDuration,
  formatInterval,
  formatP,
  formatShare,
  formatTime,
} from './report-figures.ts'

describe('a figure', () => {
  it.each([
    [0.8127, '81.3 %'],
    [1, '100.0 %'],
    [0, '0.0 %'],
    [null, '–'],
    [NaN, '–'],
  ])('of %s is %s', (share, text) => {
    expect(formatShare(share)).toBe(text)
  })

  it('has an interval in the same unit, or none', () => {
    expect(formatInterval({ low: 0.7, high: 0.885 })).toBe('70.0–88.5')
    expect(formatInterval({ low: null, high: null })).toBe('–')
  })

  it.each([
    [0.0004, '<.001'],
    [0.0123, '.012'],
    [1, '1.000'],
    [null, '–'],
  ])('has a p of %s, written %s', (p, text) => {
    expect(formatP(p)).toBe(text)
  })

  it.each([
    [12.4, '12 ms'],
    [3_210, '3.2 s'],
    [750_000, '13 min'],
    [7_500_000, '2 h 5 min'],
  ])('of %d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('that is a time is in UTC, and what is none stays as it came', () => {
    expect(formatTime('2026-03-02T04:00:00+01:00')).toBe('2026-03-02 03:00 UTC')
    expect(formatTime('last night')).toBe('last night')
  })

  it('that is a count has its noun', () => {
    expect([countOf(1, 'case'), countOf(1_200, 'case')]).toEqual(['1 case', '1,200 cases'])
  })
})

describe('a change', () => {
  it('is in points, with its sign, and better where the figure is higher', () => {
    const metric = sketchMetric({ value: 0.8, baseline: 0.75, p: 0.01 })
    expect(changeOf('correct', metric)).toEqual({ text: '+5.0', trend: 'better', isClear: true })
  })

  it('is worse where a harm is higher', () => {
    const metric = sketchMetric({ value: 0.2, baseline: 0.1 })
    expect(changeOf('false-refusals', metric)).toMatchObject({ text: '+10.0', trend: 'worse' })
  })

  it('has a minus sign where the figure is lower', () => {
    const metric = sketchMetric({ value: 0.7, baseline: 0.75 })
    expect(changeOf('correct', metric)).toMatchObject({ text: '−5.0', trend: 'worse' })
  })

  it('is not clear where chance explains it, nor where that was not tested', () => {
    expect(changeOf('correct', sketchMetric({ p: 0.049 })).isClear).toBe(true)
    expect(changeOf('correct', sketchMetric({ p: 0.05 })).isClear).toBe(false)
    expect(changeOf('correct', sketchMetric({ p: null })).isClear).toBe(false)
  })

  it('that is too small to print is none', () => {
    const metric = sketchMetric({ value: 0.7504, baseline: 0.75 })
    expect(changeOf('correct', metric)).toMatchObject({ text: '±0', trend: 'same' })
  })

  it('is unknown without a baseline', () => {
    const metric = sketchMetric({ baseline: null })
    expect(changeOf('correct', metric)).toMatchObject({ text: '–', trend: 'unknown' })
  })
})
