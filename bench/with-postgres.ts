// Runs a command with DATABASE_URL set to a Postgres server of its own (.ci/get-postgres fetches one):
//   npx tsx bench/with-postgres.ts npx footnote eval --set glad-labs --arm langchain
import { spawnSync } from 'node:child_process'
import { startPostgres } from '../test/real-postgres.ts'

const [command, ...parameters] = process.argv.slice(2)
if (command === undefined) throw new Error('Name the command to run.')
await using postgres = await startPostgres(16)
const env = { ...process.env, DATABASE_URL: postgres.url }
const { status } = spawnSync(command, parameters, { env, stdio: 'inherit' })
process.exitCode = status ?? 1
