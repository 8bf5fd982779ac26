import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { claimDoor } from '../src/door.ts'
import { createDoorClient, type DoorClient } from './door-client.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'footnote-door-client-'))
const { signal } = new AbortController()
let listener: RequestListener
let client: DoorClient
const door = createServer((request, response) => listener(request, response))

beforeAll(async () => {
  await claimDoor(door, dataDir)
  client = createDoorClient(dataDir)
})

afterAll(async () => {
  await client.close()
  await new Promise((resolve) => door.close(resolve))
  rmSync(dataDir, { recursive: true })
})

async function readStream(): Promise<void> {
  for await (const event of client.stream('/v1/chat', { signal })) expect(event).toBeDefined()
}

const wentAway = { code: 'shutting-down', message: 'The service went away. Ask again.' }

it('a service that goes away before it answers is stopping', async () => {
  listener = (request) => request.socket.destroy()
  await expect(client.request('/v1/feeds', { signal })).rejects.toMatchObject(wentAway)
  await expect(readStream()).rejects.toMatchObject(wentAway)
})

it('a service that goes away in the middle of its answer is stopping', async () => {
  listener = (_request, response) => {
    response.write('{', () => setTimeout(() => response.destroy(), 20))
  }
  await expect(client.request('/v1/feeds', { signal })).rejects.toMatchObject(wentAway)
  await expect(readStream()).rejects.toMatchObject(wentAway)
})

it('a data folder that nobody serves any more is the same', async () => {
  const nobody = createDoorClient(join(dataDir, 'none'))
  await expect(nobody.request('/v1/feeds', { signal })).rejects.toMatchObject(wentAway)
  await nobody.close()
})

it.each([
  ['nothing', 503, ''],
  ['a page', 500, '<html></html>'],
  ['JSON that is no problem', 500, '{"message":"Oh."}'],
])('%s in place of a problem is an unexpected error', async (_name, status, body) => {
  listener = (_request, response) => void response.writeHead(status).end(body)
  await expect(client.request('/v1/feeds', { signal })).rejects.toMatchObject({ code: 'internal' })
  await expect(readStream()).rejects.toMatchObject({ code: 'internal' })
})
