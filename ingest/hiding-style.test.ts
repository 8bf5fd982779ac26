import { describe, expect, it } from 'vitest'
import { hides } from './hiding-style.ts'

describe('a style', () => {
  it.each([
    'display:none',
    'DISPLAY : None !important',
    'display:none !important;display:block',
    'display:/* a comment */none',
    'visibility:hidden',
    'visibility: collapse',
    'opacity:0',
    'opacity: .01',
    'opacity: 5%',
    'font-size:0',
    'font-size:1px',
    'font-size: .1em',
    'font-size: 1%',
    'color:transparent',
    'color: rgba(10, 10, 10, 0)',
    'color: rgb(10 10 10 / 0%)',
    'color:#fff;background:#fff',
    'color:white; background-color:#FFFFFF',
    'background: rgb(255, 255, 255); color: #fff',
    'text-indent:-9999px',
    'position:absolute;left:-10000px',
    'position:absolute;clip:rect(0,0,0,0)',
    'clip: rect(1px 1px 1px 1px)',
    'clip-path: inset(100%)',
    'transform: scale(0)',
    'transform: translateX(-9999px)',
    'height:0;overflow:hidden',
    'width:1px;height:1px;overflow:hidden',
    'max-height:0px; overflow: clip',
  ])('hides a text: %s', (style) => {
    expect(hides(style)).toBe(true)
  })

  it.each([
    '',
    'display:block',
    'visibility:visible',
    'opacity:1',
    'opacity:0.5',
    'opacity:100%',
    'font-size:0.8em',
    'font-size:small',
    'font-size:11px',
    'font-size:calc(1rem + 1vw)',
    'color:rgb(0,0,0)',
    'color:rgba(0,0,0,.8)',
    'color:#fff',
    'color:white;background:#333',
    'background:url(data:image/png;base64,AAAA)',
    'clip:rect(0,100px,100px,0)',
    'clip:auto',
    'text-indent:-1em',
    'margin-left:-20px',
    'left:0',
    'transform:scale(0.9)',
    'height:0',
    'overflow:hidden',
    'height:100px;overflow:hidden',
    'max-width:100%;overflow:hidden',
  ])('leaves it to be seen: %s', (style) => {
    expect(hides(style)).toBe(false)
  })

  it('is read in time however long it is', () => {
    for (const style of [
      '/* '.repeat(200_000),
      'color:rgba('.repeat(50_000),
      ','.repeat(500_000),
    ]) {
      expect(hides(style)).toBe(false)
      expect(hides(`color:rgb(${style})`)).toBe(false)
    }
  })
})
