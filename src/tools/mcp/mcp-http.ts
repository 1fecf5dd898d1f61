import type { Dispatcher } from 'undici'

/** What one request of the MCP client is, and when it is over. */
interface McpRequest {
  readonly url: URL
  readonly method: Dispatcher.HttpMethod
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** Any of them ends it. */
  readonly signals: readonly AbortSignal[]
  readonly maxBytes: number
  /** From here on bytes are written: before, it is certain that nothing reached the other side. */
  readonly onSent?: () => void
  /** The answer is over, whole or not; `why` only if it is not. */
  readonly onEnd?: (why?: McpHttpFailure) => void
}

export interface McpHttpFailure {
  readonly why: 'too_large' | 'broken'
  /** Node's or undici's error code, for the log. */
  readonly code?: string
}

/**
 * One HTTP exchange in the form of `fetch`, so that the MCP client can use it. Redirects are handed
 * back like any other status, and an answer that is too large breaks off.
 */
export function exchangeHttp(dispatcher: Dispatcher, request: McpRequest): Promise<Response> {
  return new Promise((resolve, reject) => {
    let exchange: Dispatcher.DispatchController | undefined
    let body: ReadableStreamDefaultController<Uint8Array> | undefined
    let size = 0
    let isOver = false

    const end = (error?: Error, why?: McpHttpFailure): void => {
      if (isOver) return
      isOver = true
      // By hand: AbortSignal.any leaves a trace on signals that last.
      for (const signal of request.signals) signal.removeEventListener('abort', cancel)
      request.onEnd?.(why)
      if (!error) {
        body?.close()
        return
      }
      reject(error)
      body?.error(error)
      exchange?.abort(error)
    }
    const cancel = (): void => end(new Error('cancelled'))
    for (const signal of request.signals) signal.addEventListener('abort', cancel)
    if (request.signals.some((signal) => signal.aborted)) {
      cancel()
      return
    }

    dispatcher.dispatch(toDispatchOptions(request), {
      onRequestStart(controller) {
        // Given up while connecting: from here on bytes would be written.
        if (isOver) {
          controller.abort(new Error('stopped'))
          return
        }
        exchange = controller
        request.onSent?.()
      },
      onResponseStart(_, status, headers) {
        if (isOver || status < 200) return
        // No back-pressure: what can pile up is bounded by maxBytes.
        const stream = new ReadableStream<Uint8Array>({
          start: (controller) => void (body = controller),
          cancel: () => end(new Error('cancelled')),
        })
        try {
          resolve(toResponse(status, headers, stream))
        } catch {
          end(new Error('unusable answer'), { why: 'broken' })
        }
      },
      onResponseData(_, chunk) {
        size += chunk.length
        if (size > request.maxBytes) end(new Error('answer too large'), { why: 'too_large' })
        else if (!isOver) body?.enqueue(new Uint8Array(chunk))
      },
      onResponseEnd: () => end(),
      onResponseError: (_, error) => end(error, { why: 'broken', ...codeOf(error) }),
    })
  })
}

function toDispatchOptions({ url, method, headers, body }: McpRequest): Dispatcher.DispatchOptions {
  return {
    origin: url.origin,
    path: url.pathname + url.search,
    method,
    headers: { ...headers },
    body,
  }
}

const WITHOUT_BODY = [204, 205, 304]

function toResponse(
  status: number,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  stream: ReadableStream<Uint8Array>,
): Response {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((text): [string, string] => [name, text]),
  )
  return new Response(WITHOUT_BODY.includes(status) ? null : stream, { status, headers: entries })
}

function codeOf(error: Error): { code?: string } {
  return 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
}
