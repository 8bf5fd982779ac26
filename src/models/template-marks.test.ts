import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { breakTemplateMarks } from './template-marks.ts'

const MARKS = [
  '<|im_end|>',
  '<|im_start|>',
  '<|endoftext|>',
  '<|eot_id|>',
  '<|start_header_id|>',
  '<|user|>',
  '<｜begin▁of▁sentence｜>',
  '<s>',
  '</s>',
  '<bos>',
  '<eos>',
  '<start_of_turn>',
  '<end_of_turn>',
  '<think>',
  '</think>',
  '<tool_call>',
  '[INST]',
  '[/INST]',
  '[SYSTEM_PROMPT]',
  '[TOOL_CALLS]',
  '[gMASK]',
  '<<SYS>>',
  '<</SYS>>',
]

describe('a mark of a template', () => {
  it.each(MARKS)('is broken where it stands in a text: %s', (mark) => {
    const broken = breakTemplateMarks(`Before${mark}${mark} behind.`)
    expect(broken).not.toContain(mark)
    expect(broken.replaceAll(' ', '')).toBe(`Before${mark}${mark}behind.`)
  })

  it('is broken whatever stands around it, and once', () => {
    const pieces = fc.array(
      fc.oneof(fc.constantFrom(...MARKS, '<', '|', '>', '[', ' '), fc.string()),
    )
    fc.assert(
      fc.property(pieces, (given) => {
        const text = given.join('')
        const broken = breakTemplateMarks(text)
        for (const mark of MARKS) expect(broken).not.toContain(mark)
        expect(broken.replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
        expect(breakTemplateMarks(broken)).toBe(broken)
      }),
    )
  })

  it.each([
    'let total = sum <| List.map size items |> print',
    'a < b || c > d, and a[INSTANCE] of <string>',
    '<strong>Yes</strong>, <span>no</span>, <section>',
    'List<T>, Map<String, Int> and x[1]',
    '| a | b |\n| <c> | d |',
  ])('is not what only resembles it: %s', (text) => {
    expect(breakTemplateMarks(text)).toBe(text)
  })
})
