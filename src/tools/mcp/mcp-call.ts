import {
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  type CallToolRequestParams,
  type CallToolResult,
  type Client,
  type Tool,
} from '@modelcontextprotocol/client'
import type { McpFetch } from './mcp-fetch.ts'
import type { McpHttpFailure } from './mcp-http.ts'

/** Every call has a shorter limit of its own; the client's default of 60 s must not stand for it. */
const NO_LIMIT_OF_ITS_OWN_MS = 120_000
/** What an answer may still need to be read once the body that carries it is over. */
const LAST_WORDS_MS = 250

/** Where servers find the key in the message; the header of the same meaning may not reach them. */
const KEY_IN_META = 'turnstate/idempotency-key'

export interface McpCall {
  /** The tool's name on the server. */
  readonly tool: string
  /** As the server described it: it may want arguments in headers, too. */
  readonly inputSchema: unknown
  readonly args: Readonly<Record<string, unknown>>
  readonly idempotencyKey: string | undefined
  /** Ends the call; the reason is a `TimeoutError` when its time is over. */
  readonly signal: AbortSignal
}

export type McpFailureKind =
  | McpHttpFailure['why']
  | 'timeout'
  | 'cancelled'
  /** The server has forgotten the session: it did not look at the call. */
  | 'session'
  /** An HTTP status that is no answer to the call. */
  | 'status'
  /** An answer that is no MCP. */
  | 'unreadable'

export interface McpFailure {
  readonly type: 'failure'
  readonly why: McpFailureKind
  /** False only when it is certain that nothing reached the other side. */
  readonly sent: boolean
  readonly httpStatus?: number
  readonly code?: string
}

export type McpAnswer =
  | { readonly type: 'result'; readonly result: CallToolResult }
  /** The server answered that it does not do it. */
  | { readonly type: 'refusal'; readonly message: string }
  | McpFailure

/** How the HTTP request that carried a call went. */
interface Carrier {
  readonly hasSession: boolean
  isSent: boolean
  broken?: McpHttpFailure
}

/** One call on a connection. Never rejects, and leaves no request behind. */
export async function callMcpTool(
  { client, http }: { readonly client: Client; readonly http: McpFetch },
  call: McpCall,
): Promise<McpAnswer> {
  const hasSession = client.transport?.sessionId !== undefined
  const carrier: Carrier = { hasSession, isSent: false }
  const over = new AbortController()
  const stop = new AbortController()
  const cancel = (): void => stop.abort(call.signal.reason)
  let isResumable = false
  let lastWords: NodeJS.Timeout | undefined
  const watch = http.watch({
    signal: over.signal,
    onSent: () => void (carrier.isSent = true),
    onEnd(failure) {
      if (failure) carrier.broken = failure
      if (failure?.why === 'too_large') stop.abort()
      // The client waits on for an answer that cannot come any more, unless it takes up the stream again.
      const giveUp = (): void => {
        if (!isResumable) stop.abort()
      }
      lastWords = setTimeout(giveUp, LAST_WORDS_MS)
    },
  })
  call.signal.addEventListener('abort', cancel, { once: true })
  if (call.signal.aborted) cancel()
  try {
    const result = await client.callTool(toParams(call), {
      signal: stop.signal,
      timeout: NO_LIMIT_OF_ITS_OWN_MS,
      headers: { ...watch.headers, ...keyHeader(call) },
      // Without it the client would repeat a call, and judge results by the server's own schema.
      toolDefinition: { name: call.tool, inputSchema: toInputSchema(call.inputSchema) },
      onresumptiontoken: () => void (isResumable = true),
    })
    return { type: 'result', result }
  } catch (error) {
    return call.signal.aborted ? toAborted(call.signal, carrier) : toAnswer(error, carrier)
  } finally {
    over.abort()
    watch.stop()
    clearTimeout(lastWords)
    call.signal.removeEventListener('abort', cancel)
  }
}

function toParams({ tool, args, idempotencyKey }: McpCall): CallToolRequestParams {
  const meta = idempotencyKey === undefined ? {} : { _meta: { [KEY_IN_META]: idempotencyKey } }
  return { name: tool, arguments: { ...args }, ...meta }
}

function keyHeader({ idempotencyKey }: McpCall): Readonly<Record<string, string>> {
  return idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }
}

function toInputSchema(schema: unknown): Tool['inputSchema'] {
  return { ...(typeof schema === 'object' ? schema : {}), type: 'object' }
}

function toAborted(signal: AbortSignal, { isSent: sent }: Carrier): McpFailure {
  const reason: unknown = signal.reason
  const isTimeout = reason instanceof Error && reason.name === 'TimeoutError'
  return { type: 'failure', why: isTimeout ? 'timeout' : 'cancelled', sent }
}

function toAnswer(error: unknown, carrier: Carrier): McpAnswer {
  const { isSent: sent, broken } = carrier
  if (broken) return { type: 'failure', sent, ...broken }
  if (error instanceof ProtocolError) return { type: 'refusal', message: error.message }
  if (error instanceof SdkHttpError) {
    const { status: httpStatus } = error
    // Servers that keep one session in memory say 400 after a restart, where 404 is meant.
    const isForgotten = httpStatus === 404 || (httpStatus === 400 && carrier.hasSession)
    return { type: 'failure', why: isForgotten ? 'session' : 'status', sent, httpStatus }
  }
  if (error instanceof SdkError && error.code === SdkErrorCode.UnsupportedResultType) {
    return { type: 'refusal', message: 'the tool asks for input that it cannot be given' }
  }
  const isNoAnswer =
    !sent || (error instanceof SdkError && error.code !== SdkErrorCode.InvalidResult)
  return { type: 'failure', why: isNoAnswer ? 'broken' : 'unreadable', sent }
}
