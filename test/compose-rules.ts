// What the compose file's schema cannot say: everything it names is there, nothing secret is in it, and
// no more of it can be reached than has to be.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { ROOT } from './source-tree.ts'

const names = z.array(z.string()).default([])

const serviceSchema = z.object({
  build: z.string().optional(),
  user: z.string().optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  environment: z.record(z.string(), z.string()).default({}),
  healthcheck: z.object({}).optional(),
  command: names,
  networks: names,
  ports: names,
  volumes: names,
})

const composeSchema = z.object({
  services: z.record(z.string(), serviceSchema),
  networks: z.record(z.string(), z.object({ internal: z.boolean().default(false) }).nullable()),
  volumes: z.record(z.string(), z.null()),
})

export type Compose = z.infer<typeof composeSchema>
type Service = z.infer<typeof serviceSchema>

export function parseCompose(text: string): Compose {
  return composeSchema.parse(parse(text))
}

export function findComposeFaults(text: string): readonly string[] {
  const compose = parseCompose(text)
  return [
    ...findUndefinedVariables(text),
    ...findUnusedParts(compose),
    ...Object.entries(compose.services).flatMap(([name, service]) =>
      judgeService(service, compose).map((fault) => `${name}: ${fault}`),
    ),
  ]
}

/** A variable must stop the start where it is not set, or have a value then. */
function findUndefinedVariables(text: string): readonly string[] {
  const uses = [...text.matchAll(/\$\{(\w+)(:[?-])?/g)]
  const defined = new Set(uses.filter(([, , guard]) => guard).map(([, name]) => name))
  const missing = new Set(uses.map(([, name]) => name).filter((name) => !defined.has(name)))
  return [...missing].map((name) => `\${${name}} has neither a default nor a message`)
}

function findUnusedParts({ services, networks, volumes }: Compose): readonly string[] {
  const all = Object.values(services)
  const usedVolumes = new Set(all.flatMap(({ volumes: used }) => used.map(sourceOf)))
  const usedNetworks = new Set(all.flatMap(({ networks: used }) => used))
  return [
    ...Object.keys(volumes).filter((name) => !usedVolumes.has(name)),
    ...Object.keys(networks).filter((name) => !usedNetworks.has(name)),
  ].map((name) => `${name} is defined and not used`)
}

function judgeService(service: Service, compose: Compose): readonly string[] {
  return [
    ...service.volumes.map(sourceOf).flatMap((source) => judgeVolume(source, compose)),
    ...service.networks
      .filter((name) => !(name in compose.networks))
      .map((name) => `there is no network ${name}`),
    ...Object.entries(service.depends_on).flatMap(([name, { condition }]) =>
      judgeDependency(compose.services[name], { name, condition }),
    ),
    ...Object.entries(service.environment)
      .filter(([name, value]) => hasSecret(name, value))
      .map(([name]) => `${name} holds a secret in clear`),
    ...service.ports
      .filter((port) => !port.startsWith('127.0.0.1:'))
      .map((port) => `port ${port} is open to others`),
    ...(/^(root|0)\b/.test(service.user ?? '') ? ['runs as root'] : []),
  ]
}

function sourceOf(volume: string): string {
  return volume.split(':')[0] ?? ''
}

function judgeVolume(source: string, { volumes }: Compose): readonly string[] {
  if (source.startsWith('.')) {
    return existsSync(join(ROOT, source)) ? [] : [`there is no file ${source}`]
  }
  return source in volumes ? [] : [`there is no volume ${source}`]
}

function judgeDependency(
  service: Service | undefined,
  { name, condition }: { readonly name: string; readonly condition: string },
): readonly string[] {
  if (service === undefined) return [`there is no service ${name}`]
  const isBlind = condition === 'service_healthy' && service.healthcheck === undefined
  return isBlind ? [`waits for ${name} to be healthy, which has no health check`] : []
}

function hasSecret(name: string, value: string): boolean {
  if (/PASSWORD|SECRET|TOKEN|KEY/.test(name)) return !/^\$\{\w+(:\?[^}]*)?\}$/.test(value)
  const password = /^\w+:\/\/[^:/@]*:(.*)@/.exec(value)?.[1]
  return password !== undefined && !/^\$\{\w+\}$/.test(password)
}

export interface Instruction {
  readonly name: string
  readonly text: string
}

/** The instructions of a Dockerfile, line by line. */
export function parseDockerfile(text: string): readonly Instruction[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', ...rest] = line.split(' ')
      return { name, text: rest.join(' ') }
    })
}
