import type { AddressInfo } from 'node:net'
import OpenAI from 'openai'
import { onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { parseConfig } from '../../src/config/load.ts'
import { createService } from '../../src/service.ts'
import { post } from './listening-app.ts'
import { openStream, type LiveStream } from './live-stream.ts'
import { startUpstreamServer, type UpstreamServer } from './upstream-server.ts'

type Json = Readonly<Record<string, unknown>>

interface Turnstate {
  readonly url: string
  readonly upstream: UpstreamServer
  /** Messages of the log so far, at every level. */
  readonly logged: readonly string[]
  /** A turn of conversation `call-1` as one JSON body; `more` goes into the body. */
  readonly turn: (
    messages: readonly object[],
    more?: Json,
    headers?: Record<string, string>,
  ) => Promise<Turn>
  /** The same as a stream. */
  readonly stream: (messages: readonly object[], more?: Json) => Promise<LiveStream>
  readonly derive: (messages: readonly object[], more?: Json) => Promise<Json>
  /** Lets running turns end, at most so many milliseconds, and closes everything. */
  readonly stop: (limitMs: number) => Promise<void>
  readonly client: (options?: { readonly apiKey?: string }) => OpenAI
}

interface Turn {
  readonly status: number
  readonly headers: Headers
  readonly kind: string | null
  readonly state: string | null
  readonly exchange: string | null
  readonly text: string
  /** Names of the platform calls. */
  readonly calls: readonly string[]
  /** The assistant message as the next request's history would hold it. */
  readonly message: object
  readonly body: Json
}

interface Options {
  readonly flow: Json
  readonly tools?: Json
  /** Further top-level keys of the configuration; given the upstream server's URL if they need it. */
  readonly config?: Json | ((upstreamUrl: string) => Json)
}

const KEY = { 'x-conversation-id': 'call-1' }

/** A whole server on loopback, from a configuration as a user writes it, with a recorded upstream. */
export async function startTurnstate({ flow, tools, config }: Options): Promise<Turnstate> {
  const upstream = await startUpstreamServer()
  const file = {
    version: 1,
    auth: { signing_secret: 'a secret for the tests only' },
    upstreams: { primary: { base_url: upstream.url, api_key: 'sk-upstream', model: 'test-model' } },
    flow: { name: 'test-flow', ...flow },
    tools: tools ?? {},
    ...(typeof config === 'function' ? config(upstream.url) : config),
  }
  const loaded = parseConfig({ text: stringify(file), file: 'test.yaml', environment: {} })
  if (!loaded.ok)
    throw new Error(loaded.problems.map(({ path, message }) => `${path}: ${message}`).join('\n'))
  const logged: string[] = []
  const write = (_: object, message: string) => void logged.push(message)
  const log = { debug: write, info: write, warn: write, error: write }
  const service = createService({ config: loaded.config, log, openApiText: '' })
  const url = await service.app.server.listen({ host: '127.0.0.1', port: 0 })
  let stopped: Promise<void> | undefined
  const stop = (limitMs: number) => (stopped ??= service.close(limitMs))
  onTestFinished(async () => {
    await stop(0)
    await upstream.close()
  })
  const { port } = service.app.server.server.address() as AddressInfo // listens on TCP
  const base = `http://127.0.0.1:${port}`
  return {
    url,
    upstream,
    logged,
    async turn(messages, more = {}, headers = KEY) {
      return toTurn(await post(`${base}/v1/chat/completions`, { messages, ...more }, headers))
    },
    stream: (messages, more = {}) =>
      openStream(`${base}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...KEY },
        body: JSON.stringify({ stream: true, messages, ...more }),
      }),
    async derive(messages, more = {}) {
      const answer = await post(`${base}/v1/conversations/derive`, { messages, ...more }, KEY)
      return (await answer.json()) as Json // the contract is checked elsewhere
    },
    stop,
    client: ({ apiKey = 'none' } = {}) =>
      new OpenAI({ baseURL: `${base}/v1`, apiKey, maxRetries: 0, defaultHeaders: KEY }),
  }
}

async function toTurn(answer: Response): Promise<Turn> {
  const { headers } = answer
  const body = (await answer.json()) as Partial<OpenAI.ChatCompletion> & Json // or an error
  const message: Partial<OpenAI.ChatCompletionMessage> = body.choices?.[0]?.message ?? {}
  return {
    status: answer.status,
    headers,
    kind: headers.get('x-turnstate-kind'),
    state: headers.get('x-turnstate-state'),
    exchange: headers.get('x-turnstate-exchange'),
    text: message.content ?? '',
    calls: (message.tool_calls ?? []).flatMap((call) =>
      call.type === 'function' ? [call.function.name] : [],
    ),
    message,
    body,
  }
}
