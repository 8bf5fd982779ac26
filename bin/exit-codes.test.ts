import { expect, it } from 'vitest'
import { AppError } from '../src/errors.ts'
import { exitCodeOf } from './exit-codes.ts'

// The numbers of BSD's sysexits, which scripts around the command line go by.
it.each([
  ['invalid-request', 64],
  ['payload-too-large', 64],
  ['unsupported-media-type', 64],
  ['method-not-allowed', 64],
  ['conflict', 64],
  ['feed-invalid', 65],
  ['not-found', 66],
  ['model-unavailable', 69],
  ['model-timeout', 69],
  ['model-file-invalid', 69],
  ['database-unavailable', 69],
  ['schema-mismatch', 69],
  ['feed-unavailable', 69],
  ['data-folder-in-use', 69],
  ['port-in-use', 69],
  ['internal', 70],
  ['storage-full', 74],
  ['model-busy', 75],
  ['shutting-down', 75],
  ['unauthorized', 77],
  ['forbidden', 77],
  ['rate-limited', 77],
  ['config-invalid', 78],
] as const)('%s ends the command with %i', (code, exit) => {
  expect(exitCodeOf(new AppError(code, 'It went wrong.'))).toBe(exit)
})
