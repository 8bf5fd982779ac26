import { z } from 'zod'
import { answerSchema, question, text } from './schemas.ts'

// OpenAI's chat completions, as far as they have a meaning here. Its clients send many fields more, such
// as `temperature` and `tools`, and would have no use for an error about them: they are not looked at.

const MAX_MESSAGES = 100
const MAX_PARTS = 100

const said = text(0, 20_000)

const part = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text'), text: said }),
  z.looseObject({ type: z.literal('refusal'), refusal: said }),
])

const content = z.union([said, z.array(part).max(MAX_PARTS)], {
  error: 'must be text, or parts of the type "text": images, audio and files are not read',
})

const message = z.discriminatedUnion('role', [
  z.looseObject({ role: z.literal('user'), content }),
  z.looseObject({ role: z.literal('assistant'), content: content.nullish() }),
  // The rules are the service's, and no tool is ever called.
  z.looseObject({ role: z.enum(['system', 'developer', 'tool', 'function']) }),
])

type Message = z.output<typeof message>
type Spoken = Extract<Message, { role: 'user' | 'assistant' }>

export const completionRequest = z
  .looseObject({
    model: text(0, 300).optional(),
    messages: z.array(message).min(1),
    stream: z.boolean().nullish(),
    stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
    /** Of ours: as `POST /v1/chat` takes it. */
    fresh: z.boolean().nullish(),
    n: z.literal(1, { error: 'must be 1: a question has one answer' }).nullish(),
  })
  .superRefine(({ messages }, context) => {
    const fault = findFault(messages)
    if (fault !== null) context.addIssue({ code: 'custom', ...fault })
  })

interface MessagesFault {
  readonly path: (string | number)[]
  readonly message: string
}

function findFault(messages: readonly Message[]): MessagesFault | null {
  const last = messages.findLastIndex(({ role }) => role !== 'system' && role !== 'developer')
  if (messages[last]?.role !== 'user') {
    return { path: ['messages'], message: 'the last message must be the user’s question' }
  }
  const conversation = toConversation(messages)
  if (conversation.length > MAX_MESSAGES) {
    const message = `must be at most ${MAX_MESSAGES} of the user and the assistant`
    return { path: ['messages'], message }
  }
  if (question.safeParse(conversation.at(-1)?.content).success) return null
  return {
    path: ['messages', last, 'content'],
    message: 'a question has 1 to 2000 characters, not only spaces',
  }
}

/** What the user and the assistant said; an assistant that called a tool said nothing. */
export function toConversation(messages: readonly Message[]) {
  return messages
    .filter(isSpoken)
    .map((each) => ({ role: each.role, content: toText(each) }))
    .filter(({ content }, at, all) => at === all.length - 1 || content.trim() !== '')
}

function isSpoken(given: Message): given is Spoken {
  return given.role === 'user' || given.role === 'assistant'
}

function toText({ content: given }: Spoken): string {
  if (given == null || typeof given === 'string') return given ?? ''
  return given.map((each) => (each.type === 'text' ? each.text : each.refusal)).join('\n')
}

const annotation = z.object({
  type: z.literal('url_citation'),
  url_citation: z.object({
    url: z.string(),
    title: z.string(),
    start_index: z.int(),
    end_index: z.int(),
  }),
})

export const completionSchema = z.object({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.object({
      index: z.literal(0),
      message: z.object({
        role: z.literal('assistant'),
        content: z.string(),
        refusal: z.null(),
        annotations: z.array(annotation),
        footnote: answerSchema,
      }),
      logprobs: z.null(),
      finish_reason: z.literal('stop'),
    }),
  ),
  usage: z.object({
    prompt_tokens: z.int(),
    completion_tokens: z.int(),
    total_tokens: z.int(),
  }),
})

export const modelsSchema = z.object({
  object: z.literal('list'),
  data: z.array(
    z.object({
      id: z.string(),
      object: z.literal('model'),
      created: z.int(),
      owned_by: z.string(),
    }),
  ),
})

export const completionErrorSchema = z.object({
  error: z.object({
    message: z.string(),
    type: z.enum(['invalid_request_error', 'server_error']),
    code: z.string(),
    param: z.string().nullable(),
  }),
})
