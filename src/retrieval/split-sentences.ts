export { splitAnswer } from '../../ingest/sentences.ts'
