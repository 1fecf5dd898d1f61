import { setTimeout as wait } from 'node:timers/promises'
import { TurnstateError } from '../../errors.ts'
import type { Attempt } from '../rehearsal/attempt.ts'
import { MAX_TRIES, TOTAL_LIMIT_MS } from '../rehearsal/oracle.ts'
import type { OfferedTool } from '../rehearsal/platform-tools.ts'
import { post, type Posting } from '../rehearsal/post.ts'
import { toTarget } from '../rehearsal/target.ts'
import { toolsOf, type AgentFile } from './agent-file.ts'
import { failureOfTry, tryText, warningsOf } from './attempt-outcome.ts'
import type {
  AnswerListener,
  CustomLlm,
  CustomLlmFailure,
  LlmAnswer,
  Question,
} from './custom-llm.ts'
import { toRequestBody } from './request-body.ts'
import { toRequestHeaders } from './request-headers.ts'

interface CustomLlmOptions {
  /** The base URL; `/chat/completions` is appended unless it is there. */
  readonly url: string
  readonly file: AgentFile
  readonly log: (line: string) => void
  /** Shorter limits, for tests. */
  readonly timing?: Partial<Limits>
}

interface Limits {
  /** For the first text or call of each try. */
  readonly cascadeTimeoutMs: number
  /** For all tries together. */
  readonly totalMs: number
}

interface Server extends Limits {
  readonly url: string
  readonly file: AgentFile
  readonly offered: readonly OfferedTool[]
  readonly log: (line: string) => void
}

/** Asks a Custom LLM server as the platform does. */
export function createCustomLlm({ url, file, log, timing }: CustomLlmOptions): CustomLlm {
  const target = toTarget(url, { model: '', key: undefined })
  if (!target) throw new TurnstateError('invalid_request', 'The URL must begin with http(s)://')
  const server: Server = {
    url: target.url,
    file,
    offered: toolsOf(file).map(({ offered }) => offered),
    log,
    cascadeTimeoutMs: file.custom_llm.cascade_timeout_seconds * 1000,
    totalMs: TOTAL_LIMIT_MS,
    ...timing,
  }
  return { answer: (question, listener) => answer(server, question, listener) }
}

/** Whatever is still open at the end is closed. */
async function answer(
  server: Server,
  question: Question,
  listener: AnswerListener,
): Promise<LlmAnswer> {
  const over = new AbortController()
  const tooLong = new AbortController()
  const limit = setTimeout(() => tooLong.abort(), server.totalMs)
  try {
    return await tryThrice(server, {
      ...toRequest(server, question),
      listener,
      tooLong: tooLong.signal,
      signal: AbortSignal.any([listener.signal, tooLong.signal, over.signal]),
    })
  } finally {
    clearTimeout(limit)
    over.abort()
  }
}

/** What all tries send, and how they are reported. */
function toRequest(server: Server, question: Question): Pick<Try, 'headers' | 'body' | 'note'> {
  const { headers, leftOut } = toRequestHeaders(server.file, question)
  const note = (text: string) => server.log(`${question.conversationId}  custom llm  ${text}`)
  for (const name of leftOut) note(`header ${name} left out: no header can hold its value`)
  return { headers, note, body: JSON.stringify(toRequestBody(server.file, question)) }
}

async function tryThrice(server: Server, request: Try): Promise<LlmAnswer> {
  const { listener, note } = request
  const failures: string[] = []
  while (failures.length < MAX_TRIES) {
    listener.signal.throwIfAborted()
    const { attempt, hasSpoken } = await tryOnce(server, request)
    listener.signal.throwIfAborted()
    const failure = failureOfTry(attempt, server.cascadeTimeoutMs)
    const outcome = failure === null ? '' : `  failed: ${failure}`
    note(
      `try ${failures.length + 1} of ${MAX_TRIES}  ${tryText(attempt, server.offered)}${outcome}`,
    )
    if (failure === null) return toAnswer(attempt, server, note)
    if (request.tooLong.aborted) throw failed('llm_timeout', overLimit(server))
    failures.push(failure)
    if (hasSpoken) throw failed('custom_llm_error', `${failure}, after words were said`)
  }
  throw failed('custom_llm_error', `all ${MAX_TRIES} tries failed: ${unique(failures)}`)
}

interface Try {
  readonly headers: ReturnType<typeof toRequestHeaders>['headers']
  readonly body: string
  readonly listener: AnswerListener
  readonly note: (text: string) => void
  /** The limit of all tries. */
  readonly tooLong: AbortSignal
  /** Any reason to stop. */
  readonly signal: AbortSignal
}

interface Tried {
  readonly attempt: Attempt
  /** Some of its text was handed on. */
  readonly hasSpoken: boolean
}

async function tryOnce(server: Server, { headers, body, listener, signal }: Try): Promise<Tried> {
  const { url, cascadeTimeoutMs, totalMs } = server
  let hasSpoken = false
  const posting = post({
    url,
    headers,
    body,
    signal,
    // The signal ends it before.
    limitMs: totalMs + 1000,
    strict: false,
    onText: (text) => {
      hasSpoken = true
      listener.onText(text)
    },
  })
  await firstOutput(posting, cascadeTimeoutMs, signal)
  if (!posting.hasOutput()) {
    posting.leave(server.file.custom_llm.on_retry === 'close' ? 'close' : 'keep')
  }
  return { attempt: await posting.ended, hasSpoken }
}

/** Waits for the first text or call, the end of the answer, or the cascade timeout. */
async function firstOutput(posting: Posting, limitMs: number, signal: AbortSignal): Promise<void> {
  const heard = new AbortController()
  const timeout = wait(limitMs, undefined, { signal: AbortSignal.any([heard.signal, signal]) })
  await Promise.race([posting.heard(1), timeout.catch(() => undefined)])
  heard.abort()
}

function toAnswer(attempt: Attempt, { offered }: Server, note: (text: string) => void): LlmAnswer {
  for (const warning of warningsOf(attempt, offered)) note(`warning: ${warning}`)
  return { text: attempt.text, calls: attempt.calls }
}

/** An error that is also what the contract promises. */
function failed(errorType: CustomLlmFailure['errorType'], reason: string): TurnstateError {
  const failure: CustomLlmFailure = { type: 'custom-llm-failure', errorType, reason }
  const code = errorType === 'llm_timeout' ? 'upstream_timeout' : 'upstream_failed'
  return Object.assign(new TurnstateError(code, reason), failure)
}

function overLimit({ totalMs }: Server): string {
  return `the answer took over ${totalMs / 1000} seconds`
}

function unique(texts: readonly string[]): string {
  return [...new Set(texts)].join(', ')
}
