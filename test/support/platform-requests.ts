import { readFileSync } from 'node:fs'
import { openBody, type OpenBody } from './open-body.ts'
import { startRooms } from './rooms-flow.ts'

type Json = Readonly<Record<string, unknown>>

/** The keys of an upstream's request for a platform's, where that asks for a temperature. */
export const UPSTREAM_KEYS = ['messages', 'model', 'stream', 'temperature', 'tools']

/** A request in the shape that a platform documents. */
export interface PlatformRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Json
}

const FOLDER = new URL('../fixtures/platforms/', import.meta.url)

/** A documented request, by its platform and what it shows. */
export function requestOf(platform: string, name: string): PlatformRequest {
  const text = readFileSync(new URL(`${platform}.json`, FOLDER), 'utf8')
  // Fixtures are ours: the form is the one that the interface says.
  const request = (JSON.parse(text) as Readonly<Record<string, PlatformRequest>>)[name]
  if (!request) throw new Error(`no request ${name} of ${platform}`)
  return request
}

interface Changes extends Partial<Omit<PlatformRequest, 'body'>> {
  readonly body?: Json
}

/** The same request later in its call, or otherwise changed. */
export function changed(
  request: PlatformRequest,
  { path = request.path, headers, body }: Changes,
): PlatformRequest {
  return {
    path,
    headers: { ...request.headers, ...headers },
    body: { ...request.body, ...body },
  }
}

/** With another history. */
export const saying = (request: PlatformRequest, messages: readonly object[]): PlatformRequest =>
  changed(request, { body: { messages } })

interface Frame extends Json {
  readonly choices: readonly {
    readonly delta: Json & { readonly content?: string; readonly tool_calls?: readonly object[] }
    readonly finish_reason: string | null
  }[]
}

interface Streamed {
  readonly status: number
  readonly kind: string | null
  readonly exchange: string | null
  readonly state: string | null
  readonly heard: string | null
  readonly conversation: string | null
  readonly frames: readonly Frame[]
  readonly text: string
  readonly isDone: boolean
}

function toStreamed(status: number, headers: Headers, raw: string): Streamed {
  const data = raw
    .split('\n\n')
    .slice(0, -1)
    .map((event) => event.replace(/^data: /, ''))
  const frames = data
    .filter((event) => event !== '[DONE]')
    .map((event) => JSON.parse(event) as Frame) // every one is checked by the tests
  return {
    status,
    kind: headers.get('x-turnstate-kind'),
    exchange: headers.get('x-turnstate-exchange'),
    state: headers.get('x-turnstate-state'),
    heard: headers.get('x-turnstate-heard'),
    conversation: headers.get('x-turnstate-conversation'),
    frames,
    text: frames.flatMap(({ choices }) => choices.map(({ delta }) => delta.content ?? '')).join(''),
    isDone: data.at(-1) === '[DONE]',
  }
}

function toInit({ headers, body }: PlatformRequest): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
}

interface PlatformLine {
  /** A stream, read to its end. */
  readonly send: (request: PlatformRequest) => Promise<Streamed>
  /** A stream, read as far as the test wants to. */
  readonly open: (request: PlatformRequest) => Promise<OpenBody>
  /** One JSON body. */
  readonly ask: (request: PlatformRequest) => Promise<Whole>
  /** What the server makes of it; nothing is generated. */
  readonly look: (request: PlatformRequest) => Promise<Json>
}

interface Whole {
  readonly status: number
  readonly headers: Headers
  readonly body: Json
}

/** A platform's requests to a server that runs already. */
export function platformLine(url: string): PlatformLine {
  const post = async (path: string, request: PlatformRequest): Promise<Whole> => {
    const answer = await fetch(url + path, toInit(request))
    const { status, headers } = answer
    return { status, headers, body: (await answer.json()) as Json } // the contract is checked elsewhere
  }
  return {
    async send(request) {
      const answer = await fetch(url + request.path, toInit(request))
      return toStreamed(answer.status, answer.headers, await answer.text())
    },
    open: (request) => openBody(url + request.path, toInit(request)),
    ask: (request) => post(request.path, request),
    async look(request) {
      const [, query = ''] = request.path.split('?')
      return (await post(`/v1/conversations/derive?${query}`, request)).body
    },
  }
}

/** The server with three rooms as a platform calls it. */
export async function startForPlatform(config: Json = {}) {
  const server = await startRooms(config)
  return { ...server, ...platformLine(server.url) }
}
