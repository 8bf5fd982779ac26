import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { loadConfig, settings } from '../src/config.ts'
import { findComposeFaults, parseCompose, parseDockerfile } from './compose-rules.ts'
import { ROOT } from './source-tree.ts'

const text = read('docker-compose.yml')
const compose = parseCompose(text)
const service = compose.services['footnote']
const dockerfile = parseDockerfile(read('Dockerfile'))
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(read('package.json')))

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

describe('the compose file', () => {
  it('fits the schema and the order of its linter', async () => {
    const linter = join(ROOT, 'node_modules', '.bin', 'dclint')
    await promisify(execFile)(linter, ['--max-warnings', '0', 'docker-compose.yml'], { cwd: ROOT })
  })

  it('names nothing that is not there, and holds no secret', () => {
    expect(findComposeFaults(text)).toEqual([])
  })

  it('has the database on the inner network alone, which leads nowhere', () => {
    const { networks, ports } = compose.services['db'] ?? {}
    expect({ networks, ports }).toEqual({ networks: ['inner'], ports: [] })
    expect(compose.networks['inner']).toEqual({ internal: true })
  })

  it('gives the service settings that it knows and accepts', () => {
    const environment = { ...imageEnvironment(), ...fillIn(service?.environment ?? {}) }
    const known = Object.keys(settings.shape)
    const unknown = Object.keys(service?.environment ?? {}).filter((name) => !known.includes(name))
    expect(unknown).toEqual([])
    expect(loadConfig(environment)).toMatchObject({
      host: '0.0.0.0',
      apiKey: 'a-value-of-the-environment',
      chatModel: { kind: 'ollama' },
      embeddingModel: { kind: 'onnx' },
    })
  })

  it('keeps what the service writes in volumes', () => {
    const { DATA_DIR, MODELS_DIR } = imageEnvironment()
    expect(service?.volumes).toEqual([`data:${DATA_DIR}`, `models:${MODELS_DIR}`])
  })

  it('waits for the database and for the chat model, which it pulls itself', () => {
    const [, model] = compose.services['ollama-pull']?.command ?? []
    expect(service?.environment['CHAT_MODEL']).toBe(`ollama:${model}`)
    expect(service?.depends_on).toMatchObject({
      db: { condition: 'service_healthy' },
      'ollama-pull': { condition: 'service_completed_successfully' },
    })
  })
})

describe('a fault of a compose file', () => {
  it.each([
    ['      - data:/data', '      - dta:/data', 'footnote: there is no volume dta'],
    ['./deploy/init-roles.sql', './deploy/roles.sql', 'db: there is no file ./deploy/roles.sql'],
    ['      - outer\n    command', '      - oter\n    command', 'there is no network oter'],
    ['      ollama-pull:\n', '      ollama-pul:\n', 'footnote: there is no service ollama-pul'],
    [
      / {4}healthcheck:\n {6}# Over TCP[^]*?retries: 30\n/,
      '',
      'footnote: waits for db to be healthy, which has no health check',
    ],
    [/API_KEY: \$\{.*\}/, 'API_KEY: abcdefghijklmnop', 'API_KEY holds a secret in clear'],
    [/\$\{DB_SERVICE_PASSWORD\}/, 'letmein', 'DATABASE_URL holds a secret in clear'],
    ["'127.0.0.1:3000:3000'", "'3000:3000'", 'port 3000:3000 is open to others'],
    ['    build: .\n', "    build: .\n    user: '0'\n", 'footnote: runs as root'],
    [/:\?set it in \.env, with[^}]*/, '', '${API_KEY} has neither a default nor a message'],
    ['  models:\n  ollama:', '  models:\n  more:\n  ollama:', 'more is defined and not used'],
  ])('is found: %s', (part, replacement, fault) => {
    const faulty = text.replace(part, replacement)
    expect(faulty).not.toBe(text)
    expect(findComposeFaults(faulty)).toContainEqual(expect.stringContaining(fault))
  })
})

describe('the image', () => {
  it('is built by the scripts that are tested', () => {
    const runs = dockerfile.filter(({ name }) => name === 'RUN').map(({ text: run }) => run)
    const npm = runs.filter((run) => run.startsWith('npm '))
    expect(npm).toEqual(['npm ci', 'npm run build', 'npm prune --omit=dev'])
    expect(scripts).toHaveProperty('build')
  })

  it('is started as npm start does', () => {
    const command = z.array(z.string()).parse(JSON.parse(lastOf('CMD')))
    expect(scripts['start']).toMatch(new RegExp(` ${command.join(' ')}$`))
  })

  it('has the golden sets beside its package.json, where the service looks for them', () => {
    const copied = dockerfile.filter(({ text: copy }) => copy.startsWith('--from=build '))
    const targets = copied.map(({ text: copy }) => copy.split(' ').at(-1))
    expect(targets).toEqual(expect.arrayContaining(['./', './golden-set']))
  })

  it('does not run as root', () => {
    expect(lastOf('USER')).toBe('node')
    const names = dockerfile.map(({ name }) => name)
    expect(names.lastIndexOf('USER')).toBeGreaterThan(names.lastIndexOf('RUN'))
  })

  it('is built from everything the build reads, and from no secret', () => {
    const ignored = read('.dockerignore').split('\n')
    const needed = ['package.json', 'package-lock.json', '.npmrc', 'tsconfig.json']
    const folders = ['bin', 'src', 'ingest', 'eval', 'web', 'migrations', 'golden-set']
    expect(ignored).toContain('.env*')
    expect([...needed, ...folders].filter((path) => ignored.includes(path))).toEqual([])
  })
})

function lastOf(instruction: string): string {
  return dockerfile.findLast(({ name }) => name === instruction)?.text ?? ''
}

function imageEnvironment(): Record<string, string> {
  return Object.fromEntries(
    lastOf('ENV')
      .split(' ')
      .map((pair) => pair.split('=') as [string, string]),
  )
}

/** As compose does; every variable has the same value here. */
function fillIn(environment: Readonly<Record<string, string>>): Record<string, string> {
  const fill = (value: string) =>
    value
      .replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')
      .replaceAll(/\$\{[^}]*\}/g, 'a-value-of-the-environment')
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, fill(value)]))
}
