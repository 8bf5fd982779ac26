import { Router, type Response } from 'express'
import { calibrateFusion } from '../../eval/calibrate-fusion.ts'
import { calibrateRefusal, type Progress } from '../../eval/calibrate-refusal.ts'
import { findCalibrationFile, saveFusion, saveThreshold } from '../../eval/calibration-file.ts'
import { vectorWeightOf } from '../answering/calibration.ts'
import type { Services } from '../services.ts'
import { calibrationRequest } from './calibration-schemas.ts'
import { requestId, requestSignal, requireDoor, type HttpContext } from './context.ts'
import { parseRequest } from './parse-request.ts'
import { toAppError, toProblem } from './problem.ts'
import { openEventStream } from './sse.ts'

interface Task {
  readonly services: Services
  readonly sets: readonly string[] | undefined
  /** Where it is to be written; null of a dry run. */
  readonly file: string | null
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

const WORK = { fusion: fitFusion, refusal: fitRefusal }

export function calibrationRoutes(context: HttpContext): Router {
  const router = Router()
  router.post('/v1/calibrations', async (request, response) => {
    const { what, sets, dryRun, stream } = parseRequest(calibrationRequest, request.body)
    requireDoor(context, 'calibrating')
    const services = context.services()
    const { calibrationFile } = services
    // Found before the work is done that it is for.
    const file = dryRun === true ? null : findCalibrationFile({ file: calibrationFile })
    const signal = requestSignal(response, context)
    const work = (onProgress: Task['onProgress']) =>
      WORK[what]({ services, sets, file, signal, onProgress })
    if (stream === true) return streamWork(response, work)
    response.json(await work(() => undefined))
  })
  return router
}

async function streamWork(
  response: Response,
  work: (onProgress: Task['onProgress']) => Promise<object>,
): Promise<void> {
  const events = openEventStream(response)
  try {
    const calibrated = await work((progress) => events.send('calibration-progress', progress))
    events.end('calibration-end', calibrated)
  } catch (error) {
    response.locals['error'] = error
    events.end('calibration-error', toProblem(toAppError(error), requestId(response)))
  }
}

async function fitFusion({ services, sets, file, signal }: Task): Promise<object> {
  const { calibration, search, evaluation, answerSteps } = services
  const model = answerSteps.models.embedding
  const previous = vectorWeightOf(calibration, model)
  const fitted = await calibrateFusion({ sets, search, previous, signal }, evaluation)
  if (file !== null) await saveFusion(file, { model, ...fitted })
  return { what: 'fusion', model, previous, ...fitted, file }
}

async function fitRefusal({ services, file, ...task }: Task): Promise<object> {
  const { calibration, evaluation } = services
  const fitted = await calibrateRefusal({ ...task, calibration }, evaluation)
  if (file !== null) await saveThreshold(file, fitted)
  return { what: 'refusal', ...fitted, file }
}
