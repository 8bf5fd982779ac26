// The worker that holds the embedded Postgres. Plain JavaScript, so that a worker thread loads it the
// same way from the sources and from the build, without a loader.
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { parentPort, workerData } from 'node:worker_threads'

const port = parentPort
if (port === null) throw new Error('embedded-worker runs as a worker thread')

const db = await PGlite.create({ dataDir: workerData.dataDir, extensions: { vector } })

/**
 * `open`: a new connection begins; whatever the one before left open is undone, since the engine has
 * a single session. `batch`: whole protocol messages. `close`: end, with everything written.
 * @param {{ kind: 'open' } | { kind: 'batch', bytes: Uint8Array } | { kind: 'close' }} message
 */
async function answer(message) {
  if (message.kind === 'open') {
    await db.exec('rollback')
    await db.exec('discard all')
    port?.postMessage({ kind: 'opened' })
  } else if (message.kind === 'batch') {
    const bytes = await db.execProtocolRaw(message.bytes)
    port?.postMessage({ kind: 'result', bytes })
  } else {
    await db.close()
    port?.postMessage({ kind: 'closed' })
  }
}

// One message at a time: the engine is not reentrant.
let turn = Promise.resolve()
port.on('message', (message) => {
  turn = turn.then(() => answer(message))
})
