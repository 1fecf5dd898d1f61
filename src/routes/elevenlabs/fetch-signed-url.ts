import { Agent, request, type Dispatcher } from 'undici'
import { z } from 'zod'
import { TurnstateError } from '../../errors.ts'
import type { Log } from '../../observability/log.ts'
import type { ElevenLabsOptions } from './options.ts'
import type { SignedUrlQuery } from './signed-url-query.ts'

const MAX_ANSWER_BYTES = 65_536

const Answer = z.object({
  signed_url: z.url({ protocol: /^wss?$/ }),
})

interface SignedUrl {
  readonly signed_url: string
  /** Only where it was asked for: then the URL starts this very conversation, once. */
  readonly conversation_id?: string
}

export interface SignedUrls {
  /** The signal's reason is thrown when it is aborted. */
  fetch(query: SignedUrlQuery, signal: AbortSignal): Promise<SignedUrl>
  close(): Promise<void>
}

interface Options extends Pick<ElevenLabsOptions, 'api_key' | 'base_url'> {
  /** For the whole call, from looking up the name to the last byte. */
  readonly timeoutMs: number
  readonly log: Log
}

/** Asks the platform with the server's own key. What went wrong is told, and what was sent or came is not. */
export function createSignedUrls(options: Options): SignedUrls {
  const { api_key, base_url, timeoutMs, log } = options
  const agent = new Agent()
  const path = `${base_url.replace(/\/+$/, '')}/v1/convai/conversation/get-signed-url`
  return {
    async fetch(query, hangUp) {
      const limit = AbortSignal.timeout(timeoutMs)
      let status: number | undefined
      try {
        const response = await request(`${path}?${toSearch(query)}`, {
          dispatcher: agent,
          headers: { 'xi-api-key': api_key, accept: 'application/json' },
          signal: AbortSignal.any([hangUp, limit]),
        })
        status = response.statusCode
        return toSignedUrl(status, await readBounded(response.body))
      } catch (error) {
        if (hangUp.aborted) throw hangUp.reason
        log.warn({ status, code: codeOf(error) }, 'elevenlabs gave no signed url')
        throw toFailure(error, limit)
      }
    },
    close: () => agent.destroy(),
  }
}

function toFailure(error: unknown, limit: AbortSignal): TurnstateError {
  if (error instanceof TurnstateError) return error
  return limit.aborted
    ? new TurnstateError('upstream_timeout', 'ElevenLabs did not answer in time')
    : new TurnstateError('upstream_failed', 'ElevenLabs could not be reached')
}

/** Node's or undici's, or ours: no message, which could hold what was sent. */
function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

function toSearch(query: SignedUrlQuery): string {
  const { agentId, includeConversationId, branchId, environment } = query
  return new URLSearchParams({
    agent_id: agentId,
    ...(includeConversationId && { include_conversation_id: 'true' }),
    ...(branchId !== undefined && { branch_id: branchId }),
    ...(environment !== undefined && { environment }),
  }).toString()
}

async function readBounded(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    const bytes = chunk as Buffer // no encoding was set
    size += bytes.length
    if (size > MAX_ANSWER_BYTES) throw refused('ElevenLabs answered with more than a signed URL')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString()
}

function toSignedUrl(status: number, text: string): SignedUrl {
  if (status !== 200) throw refused(REFUSALS[status] ?? `ElevenLabs answered with status ${status}`)
  const answer = Answer.safeParse(parsed(text))
  if (!answer.success) throw refused('ElevenLabs answered with something else than a signed URL')
  const { signed_url } = answer.data
  const id = new URL(signed_url).searchParams.get('conversation_id')
  return { signed_url, ...(id && { conversation_id: id }) }
}

const KEY_REFUSED =
  'ElevenLabs refused the key of this server: check elevenlabs.api_key and what that key may do'
const AGENT_REFUSED = 'ElevenLabs knows no such agent, or no such branch or environment of it'

const REFUSALS: Readonly<Record<number, string>> = {
  400: AGENT_REFUSED,
  401: KEY_REFUSED,
  403: KEY_REFUSED,
  404: AGENT_REFUSED,
  422: AGENT_REFUSED,
  429: 'ElevenLabs gives out no more signed URLs for now: its own limit is reached',
}

function refused(message: string): TurnstateError {
  return new TurnstateError('upstream_failed', message)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
