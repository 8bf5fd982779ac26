import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

interface OllamaModel {
  readonly name: string
  /** The weights' file, of a model that speaks ChatML. */
  readonly gguf: string
}

export interface RealOllama extends AsyncDisposable {
  /** As OLLAMA_HOST takes it. */
  readonly url: string
  /** Ends the server, as where it crashes or is switched off. */
  stop(): Promise<void>
}

/** Ollama does not take the template that the weights' file carries. */
const CHATML = `TEMPLATE """{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
"""
PARAMETER stop <|im_end|>
`
const START_TIMEOUT_MS = 30_000
const POLL_MS = 50

/** An Ollama server of its own, with these models and no others. */
export async function startOllama(options: {
  readonly models: readonly OllamaModel[]
}): Promise<RealOllama> {
  const program = findProgram()
  for (const { gguf } of options.models) requireWeights(gguf)
  const folder = await mkdtemp(join(tmpdir(), 'footnote-ollama-'))
  const url = `http://127.0.0.1:${await freePort()}`
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    OLLAMA_HOST: url,
    OLLAMA_MODELS: join(folder, 'models'),
  }
  const log = join(folder, 'log')
  const server = await startServer(program, { env, log })
  let stopped: Promise<void> | undefined
  const stop = async () => {
    await endProcess(server)
    await rm(folder, { recursive: true, force: true })
  }
  const stopOnce = () => (stopped ??= stop())
  try {
    await untilAnswering(url, server)
    for (const { name, gguf } of options.models) {
      const file = join(folder, 'Modelfile')
      await writeFile(file, `FROM ${gguf}\n${CHATML}`)
      await promisify(execFile)(program, ['create', name, '-f', file], { env })
    }
  } catch (error) {
    const lines = await readFile(log, 'utf8')
    await stopOnce()
    throw new Error(`Ollama did not start. ${lines}`, { cause: error })
  }
  return { url, stop: stopOnce, [Symbol.asyncDispose]: stopOnce }
}

function findProgram(): string {
  const cache = process.env['FOOTNOTE_CI_CACHE'] ?? '/var/tmp/footnote-ci'
  const program = join(cache, 'ollama', 'ollama')
  if (existsSync(program)) return program
  throw new Error(`There is no Ollama in ${cache}. Build it: .ci/get-ollama`)
}

function requireWeights(gguf: string): void {
  if (existsSync(gguf)) return
  throw new Error(`There are no weights at ${gguf}. Fetch them: .ci/get-models`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function startServer(
  program: string,
  { env, log }: { readonly env: NodeJS.ProcessEnv; readonly log: string },
): Promise<ChildProcess> {
  const output = await open(log, 'a')
  try {
    return spawn(program, ['serve'], { env, stdio: ['ignore', output.fd, output.fd] })
  } finally {
    await output.close()
  }
}

async function untilAnswering(url: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (server.exitCode === null && Date.now() < deadline) {
    const response = await fetch(`${url}/api/version`).catch(() => undefined)
    if (response?.ok === true) return
    await sleep(POLL_MS)
  }
  throw new Error(`ollama serve does not answer at ${url}`)
}

async function endProcess(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const ended = once(server, 'exit')
  server.kill('SIGTERM')
  await ended
}
