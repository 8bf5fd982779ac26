import {
  getLlama,
  resolveChatWrapper,
  type ChatWrapper,
  type Llama,
  type LlamaContext,
  type LlamaContextSequence,
  type LlamaModel,
  type Token,
  type Tokenizer,
} from 'node-llama-cpp'
import { AppError } from '../errors.ts'
import { promptTooLong, type ChatModel, type GenerateInput, type ModelInput } from './chat-model.ts'

interface LlamaCppOptions {
  readonly id: string
  readonly file: string
  readonly threads: number
}

/** Room for the prompt, the answer, and the worked examples of the check; each sequence has it. */
const CONTEXT_TOKENS = 2048

/**
 * llama.cpp looks at no signal while it reads, so a prompt is fed in slices. Of 256 tokens they cost
 * 2 % of the reading, of 128 about 12 % (measured on two cores); one takes some 2.5 s.
 */
const SLICE_TOKENS = 256

/** Opens a GGUF file in this process. */
export async function openLlamaCpp(options: LlamaCppOptions): Promise<ChatModel> {
  const llama = await getLlama({
    // A GPU is used where its binaries are installed; by default they are not (README).
    gpu: 'auto',
    build: 'never',
    skipDownload: true,
    maxThreads: options.threads,
    progressLogs: false,
    logLevel: 'error' as never,
  })
  try {
    const model = await llama.loadModel({ modelPath: options.file })
    requireWriter(model, options.file)
    const context = await model.createContext({
      contextSize: CONTEXT_TOKENS,
      sequences: 2,
      threads: options.threads,
    })
    return new LlamaCppModel(options.id, llama, context)
  } catch (error) {
    await llama.dispose()
    if (error instanceof AppError) throw error
    const message = `${options.file} is not a model that can be loaded: is it a whole GGUF file?`
    throw new AppError('model-file-invalid', message, { cause: error })
  }
}

/** Of models that read and do not write: llama.cpp loads them, and then they never say a word. */
const READER = /bert|-embed(?:ding)?$|encoder/

function requireWriter(model: LlamaModel, file: string): void {
  const { metadata, architectureMetadata } = model.fileInfo
  const { architecture } = metadata.general
  const isPooled = (architectureMetadata.pooling_type ?? 0) > 0
  if (!isPooled && !READER.test(architecture)) return
  const message = `${file} is an embedding model (${architecture}): CHAT_MODEL needs one that writes.`
  throw new AppError('model-file-invalid', message)
}

class LlamaCppModel implements ChatModel {
  readonly id: string
  readonly #llama: Llama
  readonly #model: LlamaModel
  readonly #wrapper: ChatWrapper
  // One sequence reads for answers and one for checks, so that each keeps its own prefix.
  readonly #answering: LlamaContextSequence
  readonly #checking: LlamaContextSequence

  constructor(id: string, llama: Llama, context: LlamaContext) {
    this.id = id
    this.#llama = llama
    this.#model = context.model
    this.#wrapper = resolveChatWrapper(context.model)
    this.#answering = context.getSequence()
    this.#checking = context.getSequence()
  }

  countTokens(text: string): number {
    return this.#model.tokenize(text).length
  }

  async *generate(input: GenerateInput): AsyncGenerator<string> {
    const tokens = this.#render(input)
    if (tokens.length + input.maxTokens > CONTEXT_TOKENS) throw promptTooLong()
    const last = await this.#read(this.#answering, tokens, input.signal)
    const written: Token[] = []
    let text = ''
    for await (const token of this.#answering.evaluate([last], { temperature: 0 })) {
      input.signal.throwIfAborted()
      if (this.#model.isEogToken(token)) break
      written.push(token)
      // A character may need several tokens: what is not whole yet ends in the replacement character.
      const whole = this.#model.detokenize(written)
      if (!whole.endsWith('\uFFFD') && whole.length > text.length) {
        yield whole.slice(text.length)
        text = whole
      }
      if (written.length >= input.maxTokens) break
    }
  }

  async probability(
    input: ModelInput & { readonly choices: readonly string[] },
  ): Promise<readonly number[]> {
    const tokens = this.#render(input)
    if (tokens.length > CONTEXT_TOKENS) throw promptTooLong()
    const last = await this.#read(this.#checking, tokens, input.signal)
    const [result] = await this.#checking.controlledEvaluate([
      [last, { generateNext: { probabilities: true } }],
    ])
    const shares = input.choices.map((choice) => {
      const first = this.#model.tokenize(choice)[0]
      return (first === undefined ? undefined : result?.next.probabilities?.get(first)) ?? 0
    })
    const sum = shares.reduce((total, share) => total + share, 0)
    return shares.map((share) => (sum === 0 ? 1 / shares.length : share / sum))
  }

  async close(): Promise<void> {
    await this.#llama.dispose()
  }

  #render(input: ModelInput): Token[] {
    return renderPrompt(input, { wrapper: this.#wrapper, tokenizer: this.#model.tokenizer })
  }

  /** Reads all but the last token, from where the kept state differs; gives that last token. */
  async #read(
    sequence: LlamaContextSequence,
    tokens: Token[],
    signal: AbortSignal,
  ): Promise<Token> {
    signal.throwIfAborted()
    await sequence.adaptStateToTokens(tokens.slice(0, -1), false)
    for (let from = sequence.nextTokenIndex; from < tokens.length - 1; from += SLICE_TOKENS) {
      const slice = tokens.slice(from, Math.min(from + SLICE_TOKENS, tokens.length - 1))
      await sequence.evaluateWithoutGeneratingNewTokens(slice)
      signal.throwIfAborted()
    }
    const last = tokens.at(-1)
    if (last === undefined) throw new AppError('internal', 'A prompt has at least one token.')
    return last
  }
}

interface RenderOptions {
  readonly wrapper: ChatWrapper
  readonly tokenizer: Tokenizer
}

/** Roles and marks are the wrapper's; the texts are tokenised as text, whatever marks they contain. */
export function renderPrompt(
  { prefix, prompt }: Pick<ModelInput, 'prefix' | 'prompt'>,
  { wrapper, tokenizer }: RenderOptions,
): Token[] {
  const { contextText } = wrapper.generateContextState({
    chatHistory: [
      { type: 'system', text: prefix },
      { type: 'user', text: prompt },
      { type: 'model', response: [''] },
    ],
  })
  return contextText.tokenize(tokenizer)
}
