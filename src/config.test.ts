import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isLoopback, loadConfig, settings, toFeedAddress } from './config.ts'
import { AppError } from './errors.ts'
import { DEADLINES } from './models/deadlines.ts'

const KEY = 'correct-horse-battery'

/** The settings that are named as wrong, in order. */
function faultsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'config-invalid') throw error
    for (const { path } of error.errors) expect(error.message).toContain(path)
    return error.errors.map(({ path }) => path)
  }
}

function messageFor(env: Record<string, string | undefined>): string {
  try {
    loadConfig(env)
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('It was taken.')
}

describe('a setting', () => {
  it('that is empty is as one that is unset', () => {
    const names = Object.keys(settings.shape)
    const empty = Object.fromEntries(names.map((name) => [name, '']))
    expect(loadConfig(empty)).toEqual(loadConfig({}))
  })

  it('has its default where it is unset', () => {
    expect(loadConfig({ HOME: '/home/ada' })).toMatchObject({
      feeds: [],
      refreshMinutes: 60,
      chatModel: { kind: 'llama', name: 'qwen2.5-coder-1.5b-instruct-q4_k_m' },
      embeddingModel: { kind: 'onnx', name: 'bge-small-en-v1.5-q8' },
      judgeModel: { kind: 'none' },
      host: '127.0.0.1',
      port: 3000,
      dataDir: resolve('./data'),
      deadlines: DEADLINES,
      apiKey: undefined,
      databaseUrl: undefined,
    })
  })

  it('is taken as it is given', () => {
    const config = loadConfig({
      FEEDS: ' https://blog.example/feed.xml  feed.xml\nfile:///srv/feed.xml ',
      CHAT_MODEL: 'ollama:qwen2.5:1.5b',
      EMBEDDING_MODEL: 'ollama:nomic-embed-text',
      JUDGE_MODEL: 'llama:judge.gguf',
      FEED_PRIVATE_ALLOW: '10.1.2.3:8080 feeds.local fd00::1 [fd00::2]:80',
      ALLOWED_ORIGINS: 'https://reader.example http://localhost:5173',
      HOST: '0.0.0.0',
      API_KEY: KEY,
      PORT: '0',
      DATABASE_URL: 'postgres://footnote@db.example/footnote',
    })
    expect(config).toMatchObject({
      feeds: ['https://blog.example/feed.xml', resolve('feed.xml'), 'file:///srv/feed.xml'],
      chatModel: { kind: 'ollama', name: 'qwen2.5:1.5b' },
      embeddingModel: { kind: 'ollama', name: 'nomic-embed-text' },
      judgeModel: { kind: 'llama', name: 'judge.gguf' },
      feedPrivateAllow: ['10.1.2.3:8080', 'feeds.local', 'fd00::1', '[fd00::2]:80'],
      allowedOrigins: ['https://reader.example', 'http://localhost:5173'],
      host: '0.0.0.0',
      apiKey: KEY,
      port: 0,
    })
  })

  it('cannot be changed once it is read', () => {
    expect(Object.isFrozen(loadConfig({}))).toBe(true)
  })

  it('that is none of ours is passed over', () => {
    expect(faultsOf({ PATH: '/bin', NODE_OPTIONS: 'x' })).toEqual([])
  })
})

describe('a bad setting', () => {
  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['PORT', '0x50'],
    ['PORT', '1e3'],
    ['PORT', ' '],
    ['PORT', 'http'],
    ['REFRESH_MINUTES', '0'],
    ['REFRESH_MINUTES', '10081'],
    ['MODEL_THREADS', '0'],
    ['MAX_WAITING_QUESTIONS', '-1'],
    ['FIRST_WORD_SECONDS', '0'],
    ['NEXT_WORD_SECONDS', '0.5'],
    ['ANSWER_SECONDS', '3601'],
    ['FEEDS', 'ftp://blog.example/feed.xml'],
    ['FEEDS', 'feed.xml http://'],
    ['FEEDS', 'footnote:handbook'],
    ['CHAT_MODEL', 'qwen2.5'],
    ['CHAT_MODEL', 'llama:'],
    ['CHAT_MODEL', 'none:'],
    ['CHAT_MODEL', 'onnx:bge-small-en-v1.5-q8'],
    ['EMBEDDING_MODEL', 'none'],
    ['EMBEDDING_MODEL', 'llama:qwen'],
    ['JUDGE_MODEL', 'qwen2.5'],
    ['JUDGE_MODEL', 'onnx:bge-small-en-v1.5-q8'],
    ['EVAL_WEBHOOK', 'hooks.example/footnote'],
    ['EVAL_WEBHOOK', 'https://me:secret@hooks.example/footnote'],
    ['EVAL_WEBHOOK', 'https://secret@hooks.example/footnote'],
    ['OLLAMA_HOST', '127.0.0.1:11434'],
    ['OLLAMA_HOST', 'ftp://127.0.0.1'],
    ['OPENAI_BASE_URL', '127.0.0.1:8000/v1'],
    ['OPENAI_BASE_URL', 'http://me:pw@127.0.0.1/v1'],
    ['OPENAI_API_KEY', 'with spaces in between'],
    ['DATABASE_URL', 'mysql://db.example/footnote'],
    ['DATABASE_URL', 'footnote'],
    ['MIGRATE_DATABASE_URL', 'footnote'],
    ['FEED_PRIVATE_ALLOW', 'http://10.1.2.3:8080'],
    ['FEED_PRIVATE_ALLOW', '10.1.2.3:808080'],
    ['FEED_PRIVATE_ALLOW', '10.0.0.0/8'],
    ['ALLOWED_ORIGINS', 'https://reader.example/'],
    ['ALLOWED_ORIGINS', 'reader.example'],
    ['ALLOWED_ORIGINS', '*'],
    ['API_KEY', 'short'],
    ['API_KEY', 'fifteen-letters'],
    ['API_KEY', 'with spaces in between'],
    ['API_KEY', 'schlüssel-mit-umlaut'],
    ['HOST', '0.0.0.0'],
    ['HOST', '::'],
    ['HOST', 'footnote.example'],
    ['LOG_LEVEL', 'loud'],
  ])('such as %s=%j stops the start by its name', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([name])
  })

  it('is named together with every other one', () => {
    const env = { PORT: 'x', CHAT_MODEL: 'x', FEEDS: 'ftp://a ftp://b', HOST: '0.0.0.0' }
    expect(faultsOf(env)).toEqual(['FEEDS', 'FEEDS', 'CHAT_MODEL', 'PORT', 'HOST'])
  })

  it.each([
    [{ PORT: 'x' }, /PORT must be a whole number from 0 to 65535, and is "x"/],
    [{ FEEDS: 'a.xml ftp://b' }, /FEEDS must be http or https addresses or files.*"ftp:\/\/b"/],
    [{ CHAT_MODEL: 'x' }, /CHAT_MODEL must begin with one of llama:, ollama:, openai:, none/],
    [
      { EVAL_WEBHOOK: 'https://me:pw@hooks.example/' },
      /EVAL_WEBHOOK must have no user.*path or query\.$/,
    ],
    [{ HOST: '0.0.0.0' }, /HOST is 0\.0\.0\.0.*set API_KEY, or leave HOST at 127\.0\.0\.1/],
    [{ ALLOWED_ORIGINS: '*' }, /ALLOWED_ORIGINS .*such as https:\/\/reader\.example.*"\*"/],
  ])('says what would be right: %j', (env, message) => {
    expect(messageFor(env)).toMatch(message)
  })

  it.each([
    { API_KEY: 'canary-key' },
    { DATABASE_URL: 'mysql://db.example?password=canary-key' },
    { EVAL_WEBHOOK: 'https://me:canary-key@hooks.example/' },
    { MIGRATE_DATABASE_URL: 'mysql://db.example?password=canary-key' },
  ])('that is a secret is not told: %j', (env) => {
    expect(messageFor(env)).not.toContain('canary-key')
  })
})

describe('a host that others reach', () => {
  it('is taken with an API key, and only then', () => {
    expect(faultsOf({ HOST: '0.0.0.0', API_KEY: KEY })).toEqual([])
    expect(faultsOf({ HOST: '0.0.0.0', API_KEY: '' })).toEqual(['HOST'])
    // The key is wrong already: that is what there is to mend.
    expect(faultsOf({ HOST: '0.0.0.0', API_KEY: 'short' })).toEqual(['API_KEY'])
  })

  it.each(['127.0.0.1', '127.8.8.8', 'localhost', '::1'])('is not %s', (host) => {
    expect(isLoopback(host)).toBe(true)
    expect(faultsOf({ HOST: host })).toEqual([])
  })

  it.each(['0.0.0.0', '::', '192.168.0.1', '127.0.0.1.evil.example', 'localhost.evil.example', ''])(
    'is %j',
    (host) => {
      expect(isLoopback(host)).toBe(false)
    },
  )
})

describe('the folder of the models', () => {
  it('is in the user’s cache', () => {
    expect(loadConfig({ XDG_CACHE_HOME: '/cache' }).modelsDir).toBe('/cache/footnote/models')
    expect(loadConfig({}).modelsDir).toMatch(/\.cache\/footnote\/models$/)
    expect(loadConfig({ MODELS_DIR: 'models' }).modelsDir).toBe(resolve('models'))
  })
})

describe('the calibration file', () => {
  it('is a path made absolute, or none', () => {
    expect(loadConfig({ CALIBRATION_FILE: 'own.json' }).calibrationFile).toBe(resolve('own.json'))
    expect(loadConfig({}).calibrationFile).toBeUndefined()
  })
})

describe('the address of a feed', () => {
  it('is a path made absolute, or what it is', () => {
    expect(toFeedAddress('feeds/a.xml')).toBe(resolve('feeds/a.xml'))
    expect(toFeedAddress('/feeds/a.xml')).toBe('/feeds/a.xml')
    expect(toFeedAddress('HTTPS://blog.example/')).toBe('HTTPS://blog.example/')
    expect(toFeedAddress('ftp://blog.example/')).toBe('ftp://blog.example/')
  })
})
