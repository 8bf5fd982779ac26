import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { loadConfig, settings } from './config.ts'

const SETTING = /^# ([A-Z_]+)=(.*)$/gm

function readExample(): readonly (readonly [string, string])[] {
  const text = readFileSync(new URL('../.env.example', import.meta.url), 'utf8')
  return [...text.matchAll(SETTING)].map(([, name = '', value = '']) => [
    name,
    value.replaceAll('"', ''),
  ])
}

it('lists every setting once, in the order of the schema', () => {
  expect(readExample().map(([name]) => name)).toEqual(Object.keys(settings.shape))
})

it('gives the defaults as they are', () => {
  expect(loadConfig(Object.fromEntries(readExample()))).toEqual(loadConfig({}))
})

it('sets nothing until a line is made one', () => {
  const text = readFileSync(new URL('../.env.example', import.meta.url), 'utf8')
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([])
})
