import { expect, it } from 'vitest'
import { AppError } from '../src/errors.ts'
import { evalExitCodeOf, exitCodeOf, toRunFault } from './exit-codes.ts'

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

// As evaluation.md has them; 1 is a verdict's alone.
it.each([
  ['invalid-request', 2],
  ['payload-too-large', 2],
  ['unsupported-media-type', 2],
  ['method-not-allowed', 2],
  ['not-found', 2],
  ['conflict', 2],
  ['forbidden', 2],
  ['config-invalid', 2],
  ['unauthorized', 3],
  ['rate-limited', 3],
  ['model-busy', 3],
  ['shutting-down', 3],
  ['model-unavailable', 3],
  ['model-timeout', 3],
  ['model-file-invalid', 3],
  ['database-unavailable', 3],
  ['schema-mismatch', 3],
  ['storage-full', 3],
  ['feed-unavailable', 3],
  ['feed-invalid', 3],
  ['data-folder-in-use', 3],
  ['port-in-use', 3],
  ['internal', 3],
] as const)('%s ends an evaluation with %i', (code, exit) => {
  expect(evalExitCodeOf(new AppError(code, 'It went wrong.'))).toBe(exit)
})

it.each([
  ['conflict', 'internal'],
  ['invalid-request', 'internal'],
  ['config-invalid', 'internal'],
  ['model-unavailable', 'model-unavailable'],
  ['database-unavailable', 'database-unavailable'],
] as const)('a run that failed with %s is a fault %s, and never one of usage', (code, fault) => {
  expect(toRunFault(code)).toBe(fault)
  expect(evalExitCodeOf(new AppError(toRunFault(code), 'It went wrong.'))).toBe(3)
})
