// A process that claims and leaves the door of a data folder when it is told to.
import { createServer, type Server } from 'node:http'
import { claimDoor } from '../src/door.ts'
import { AppError } from '../src/errors.ts'

let server: Server | undefined

async function claim(dataDir: string): Promise<string> {
  server = createServer((_request, response) => response.end())
  try {
    await claimDoor(server, dataDir)
    return 'won'
  } catch (error) {
    return error instanceof AppError ? error.code : String(error)
  }
}

process.on('message', (dataDir: string | null) => {
  if (dataDir === null) server?.close(() => process.send?.('left'))
  else void claim(dataDir).then((outcome) => process.send?.(outcome))
})
process.send?.('ready')
