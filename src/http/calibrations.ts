import { Router } from 'express'
import { calibrateFusion } from '../../eval/calibrate-fusion.ts'
import { findCalibrationFile, saveFusion } from '../../eval/calibration-file.ts'
import { vectorWeightOf } from '../answering/calibration.ts'
import { calibrationRequest } from './calibration-schemas.ts'
import { requestSignal, requireDoor, type HttpContext } from './context.ts'
import { parseRequest } from './parse-request.ts'

export function calibrationRoutes(context: HttpContext): Router {
  const router = Router()
  router.post('/v1/calibrations', async (request, response) => {
    const { what, sets, dryRun } = parseRequest(calibrationRequest, request.body)
    requireDoor(context, 'calibrating')
    const services = context.services()
    const { calibration, calibrationFile, search, evaluation } = services
    const model = services.answerSteps.models.embedding
    // Found before the work is done that it is for.
    const file = dryRun === true ? null : findCalibrationFile({ file: calibrationFile })
    const previous = vectorWeightOf(calibration, model)
    const signal = requestSignal(response, context)
    const fitted = await calibrateFusion({ sets, search, previous, signal }, evaluation)
    if (file !== null) await saveFusion(file, { model, ...fitted })
    response.json({ what, model, previous, ...fitted, file })
  })
  return router
}
