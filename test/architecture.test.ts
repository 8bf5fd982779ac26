import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  findBadNames,
  findCycles,
  findHomelessPackages,
  findStaleHomes,
  findStraySql,
  findWrongArrows,
} from './architecture-rules.ts'
import { listSourceFiles, parseModule, readSourceTree } from './source-tree.ts'

const tree = readSourceTree()

describe('the tree', () => {
  it('is read whole', () => {
    expect(tree.map(({ path }) => path)).toContain('src/main.ts')
  })

  it('has arrows that point one way', () => {
    expect(findWrongArrows(tree)).toEqual([])
  })

  it('has no cycle', () => {
    expect(findCycles(tree)).toEqual([])
  })

  it('imports each package in its home alone', () => {
    expect(findHomelessPackages(tree)).toEqual([])
  })

  it('has homes for its dependencies alone', () => {
    const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
    const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> }
    expect(findStaleHomes(Object.keys(dependencies))).toEqual([])
  })

  it('keeps SQL in the store', () => {
    expect(findStraySql(tree)).toEqual([])
  })

  it('names its files in kebab-case and after what they hold', () => {
    expect(findBadNames(listSourceFiles())).toEqual([])
  })
})

describe('an arrow', () => {
  it.each([
    ['src/store/feeds.ts', "import { app } from '../http/app.ts'", 'store may not import http'],
    ['src/store/feeds.ts', "import type { App } from '../http/app.ts'", 'store may not import'],
    ['src/store/feeds.ts', "export { x } from '../jobs/queue.ts'", 'store may not import jobs'],
    ['src/db/embedded.ts', "await import('../store/feeds.ts')", 'db may not import store'],
    [
      'src/store/feeds.ts',
      "import { x } from '../models/served.ts'",
      'store may not import models',
    ],
    ['src/errors.ts', "import { x } from './db/database.ts'", 'ground may not import db'],
    ['src/http/chat.ts', "import { open } from '../services.ts'", 'http may not import main'],
    ['src/main.ts', "import { x } from '../bin/serve.ts'", 'main may not import bin'],
    ['web/page.ts', "import { x } from '../src/domain.ts'", 'nothing outside web/'],
    ['src/main.ts', "import { x } from '../web/sse-parser.ts'", 'bin/ alone'],
    ['bin/serve.ts', "import { x } from '../web/page.ts'", 'web/sse-parser.ts'],
    ['src/main.ts', "import { x } from '../test/real-postgres.ts'", 'imports no test'],
    ['src/things/thing.ts', "import { x } from '../domain.ts'", 'stands in no room'],
    ['src/main.ts', "import { x } from './things/thing.ts'", 'import a file without a room'],
  ])('from %s by %s is refused', (path, text, fault) => {
    expect(findWrongArrows([parseModule(path, text)])).toEqual([expect.stringContaining(fault)])
  })

  it.each([
    ['src/http/chat.ts', "import type { Services } from '../services.ts'"],
    ['src/services.ts', "import { createApp } from './http/app.ts'"],
    ['bin/door-client.ts', "import { createSseParser } from '../web/sse-parser.ts'"],
    ['src/store/feeds.test.ts', "import { x } from '../http/app.ts'"],
    ['src/db/migrate.ts', "import { AppError } from '../errors.ts'"],
  ])('from %s by %s is allowed', (path, text) => {
    expect(findWrongArrows([parseModule(path, text)])).toEqual([])
  })
})

describe('a cycle', () => {
  it('is named file by file, also where an arrow of it is a type', () => {
    const modules = [
      parseModule('src/db/a.ts', "import { b } from './b.ts'"),
      parseModule('src/db/b.ts', "import type { C } from './c.ts'"),
      parseModule('src/db/c.ts', "import { a } from './a.ts'"),
    ]
    expect(findCycles(modules)).toEqual([
      'src/db/a.ts → src/db/b.ts → src/db/c.ts → src/db/a.ts: a cycle',
    ])
  })

  it('is not two ways to one file', () => {
    const modules = [
      parseModule('src/db/a.ts', "import { b } from './b.ts'\nimport { c } from './c.ts'"),
      parseModule('src/db/b.ts', "import { c } from './c.ts'"),
      parseModule('src/db/c.ts', ''),
    ]
    expect(findCycles(modules)).toEqual([])
  })
})

describe('a package', () => {
  it.each([
    ['src/jobs/queue.ts', "import express from 'express'", 'express is imported in src/http/'],
    ['src/store/feeds.ts', "import pg from 'pg'", 'pg is imported in src/db/'],
    ['src/models/served.ts', "import { x } from 'node-llama-cpp'", 'src/models/llama-cpp.ts alone'],
    ['ingest/a.ts', "import { x } from '@langchain/core/messages'", '@langchain is imported in'],
    ['src/models/a.ts', "import { x } from 'left-pad'", 'a package without a home'],
  ])('in %s by %s is refused', (path, text, fault) => {
    const faults = findHomelessPackages([parseModule(path, text)])
    expect(faults).toEqual([expect.stringContaining(fault)])
  })

  it.each([
    ['src/jobs/queue.ts', "import type pg from 'pg'"],
    ['src/models/served.ts', "import { x } from '@langchain/core/messages'"],
    ['eval/langchain-arm.ts', "const x = await import('@langchain/textsplitters')"],
    ['src/jobs/queue.ts', "import { join } from 'node:path'"],
    ['test/real-ollama.ts', "import { fetch } from 'undici'"],
  ])('in %s by %s is allowed', (path, text) => {
    expect(findHomelessPackages([parseModule(path, text)])).toEqual([])
  })
})

describe('SQL', () => {
  it.each([
    "db.query('select id from feed')",
    'db.query(`insert into feed (id) values ($1)`)',
    'db.query(`update feed\n set title = ${title}`)',
    "db.query('DELETE FROM feed')",
  ])('outside the store is found: %s', (text) => {
    expect(findStraySql([parseModule('src/jobs/queue.ts', text)])).toHaveLength(1)
  })

  it('is at home in the store, and in tests', () => {
    const text = "db.query('select id from feed')"
    const homes = ['src/store/feeds.ts', 'src/db/migrate.ts', 'src/jobs/queue.test.ts']
    expect(findStraySql(homes.map((path) => parseModule(path, text)))).toEqual([])
  })
})

describe('a file name', () => {
  it.each([
    ['src/db/openDatabase.ts', 'kebab-case'],
    ['src/db/Database.test.ts', 'kebab-case'],
    ['src/db/string-utils.ts', 'after its main export'],
    ['ingest/types.ts', 'after its main export'],
    ['migrations/library.sql', 'NNNN_name.sql'],
  ])('such as %s is refused', (path, fault) => {
    expect(findBadNames([path])).toEqual([expect.stringContaining(fault)])
  })

  it('may say more behind a dot', () => {
    const paths = ['src/db/open-database.real.test.ts', 'migrations/0001_library.sql']
    expect(findBadNames(paths)).toEqual([])
  })
})
