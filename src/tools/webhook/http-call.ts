import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { ADDRESS_REFUSED } from './address-guard.ts'
import { headerOf, toAnswerText } from './answer-text.ts'
import { retryAfterMs } from './retry-after.ts'

const MAX_ANSWER_BYTES = 262_144

export interface HttpCall {
  readonly url: URL
  readonly method: Dispatcher.HttpMethod
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HttpLimits {
  readonly signal: AbortSignal
  /** For the whole call, from looking up the name to the last byte. */
  readonly timeoutMs: number
}

export type HttpFailure = 'timeout' | 'cancelled' | 'too_large' | 'refused' | 'broken'

export type HttpResult =
  | {
      readonly type: 'answer'
      readonly status: number
      /** Null if it cannot be read, as it is compressed or broke off after a status that says enough. */
      readonly text: string | null
      readonly retryAfterMs?: number
    }
  | {
      readonly type: 'failure'
      /** False only when it is certain that nothing reached the other side. */
      readonly sent: boolean
      readonly why: HttpFailure
      /** Node's or undici's error code, for the log. */
      readonly code?: string
    }

/** One HTTP call without redirects, at most 256 KiB of answer. Never rejects. */
export function callHttp(
  dispatcher: Dispatcher,
  call: HttpCall,
  limits: HttpLimits,
): Promise<HttpResult> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    let status = 0
    let headers: IncomingHttpHeaders = {}
    let exchange: Dispatcher.DispatchController | undefined

    const settle = (result: HttpResult): void => {
      clearTimeout(timer)
      limits.signal.removeEventListener('abort', cancel)
      resolve(result)
    }
    const fail = (failure: { why: HttpFailure; code?: string }): void => {
      // That it failed is known, whatever else would have come.
      if (status >= 300) settle(toAnswer(status, headers, null))
      else settle({ type: 'failure', sent: exchange !== undefined, ...failure })
    }
    const breakOff = (why: HttpFailure): void => {
      stopped = true
      fail({ why })
      exchange?.abort(new Error(why))
    }
    const cancel = (): void => breakOff('cancelled')
    let stopped = false
    const timer = setTimeout(() => breakOff('timeout'), limits.timeoutMs)
    limits.signal.addEventListener('abort', cancel, { once: true })
    if (limits.signal.aborted) {
      cancel()
      return
    }

    dispatcher.dispatch(toDispatchOptions(call), {
      onRequestStart(controller) {
        // Given up while connecting: from here on bytes would be written.
        if (stopped) controller.abort(new Error('stopped'))
        else exchange = controller
      },
      onResponseStart(_, statusCode, received) {
        status = statusCode
        headers = received
      },
      onResponseData(_, chunk) {
        size += chunk.length
        if (size > MAX_ANSWER_BYTES) breakOff('too_large')
        else chunks.push(chunk)
      },
      onResponseEnd() {
        settle(toAnswer(status, headers, Buffer.concat(chunks)))
      },
      onResponseError(_, error) {
        fail(toFailure(error))
      },
    })
  })
}

function toAnswer(status: number, headers: IncomingHttpHeaders, body: Buffer | null): HttpResult {
  const askedMs = retryAfterMs(headerOf(headers, 'retry-after'), Date.now())
  return {
    type: 'answer',
    status,
    text: body && toAnswerText(body, headers),
    ...(askedMs === undefined ? {} : { retryAfterMs: askedMs }),
  }
}

function toDispatchOptions(call: HttpCall): Dispatcher.DispatchOptions {
  return {
    origin: call.url.origin,
    path: call.url.pathname + call.url.search,
    method: call.method,
    headers: { ...call.headers },
    body: call.body ?? null,
  }
}

function toFailure(error: Error): { why: HttpFailure; code?: string } {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (code === ADDRESS_REFUSED) return { why: 'refused' }
  return code === undefined ? { why: 'broken' } : { why: 'broken', code }
}
