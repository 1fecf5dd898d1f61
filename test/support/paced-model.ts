import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { expect, onTestFinished, vi } from 'vitest'
import { openStream } from './live-stream.ts'
import { closeServer, listenOnLoopback } from './loopback-server.ts'
import { startTurnstate } from './turnstate.ts'
import { toEvents, type Reply, type UpstreamServer } from './upstream-server.ts'

type RecordedBody = UpstreamServer['requests'][number]['body']

/** A model call that is being answered: by the test, word for word, when it wants to. */
interface PacedCall {
  readonly body: RecordedBody
  readonly say: (words: string) => void
  readonly end: (calls?: Reply['calls']) => void
  /** Breaks the connection off. */
  readonly break: () => void
  /** Resolves once the call is over: true if the other side hung up before the end. */
  readonly closed: Promise<boolean>
}

interface PacedModel {
  /** In order of arrival. */
  readonly calls: readonly PacedCall[]
  /** The call with this number, from 1; waits until it has arrived. */
  readonly received: (number?: number) => Promise<PacedCall>
}

/** A language model endpoint over real HTTP that speaks when the test says so. */
async function startPacedModel(): Promise<PacedModel & { readonly url: string }> {
  const calls: PacedCall[] = []
  let waiting: { readonly number: number; readonly resolve: (call: PacedCall) => void }[] = []
  const server = createServer((incoming, response) => {
    void toCall(incoming, response).then((call) => {
      calls.push(call)
      for (const { number, resolve } of waiting) if (number === calls.length) resolve(call)
      waiting = waiting.filter(({ number }) => number > calls.length)
    })
  })
  const port = await listenOnLoopback(server)
  onTestFinished(() => closeServer(server))
  return {
    url: `http://127.0.0.1:${port}/v1`,
    calls,
    received: (number = 1) =>
      new Promise((resolve) => {
        const call = calls[number - 1]
        if (call) resolve(call)
        else waiting.push({ number, resolve })
      }),
  }
}

async function toCall(incoming: IncomingMessage, response: ServerResponse): Promise<PacedCall> {
  const closed = new Promise<boolean>((resolve) => {
    response.once('close', () => resolve(!response.writableFinished))
  })
  // What is said to a caller that has hung up goes nowhere.
  response.on('error', () => undefined)
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer) // no encoding was set
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  return {
    body: JSON.parse(Buffer.concat(chunks).toString()) as RecordedBody, // what the test asserts on
    closed,
    say(words) {
      response.write((words.match(/\s*\S+\s*/g) ?? []).map(toEvent).join(''))
    },
    break: () => void response.destroy(),
    end(calls) {
      for (const event of toEvents({ calls: calls ?? [] })) response.write(event)
      response.end()
    },
  }
}

function toEvent(content: string): string {
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`
}

type Options = Parameters<typeof startTurnstate>[0]

/** A whole server on loopback whose one upstream is a paced model. */
export async function startPacedTurnstate({ config, ...options }: Options) {
  const model = await startPacedModel()
  const more = typeof config === 'function' ? config(model.url) : config
  const upstreams = { primary: { base_url: model.url, model: 'paced-model' } }
  const server = await startTurnstate({
    ...options,
    // No test is to depend on how fast it goes on.
    config: {
      routing: { first_token_timeout_ms: 20_000, idle_timeout_ms: 20_000 },
      ...more,
      upstreams,
    },
  })
  return { ...server, model }
}

type PacedTurnstate = Pick<
  Awaited<ReturnType<typeof startPacedTurnstate>>,
  'stream' | 'model' | 'logged' | 'url'
>

/** Asks, and reads until these words of the model's were heard. */
export async function speaking(server: PacedTurnstate, messages: readonly object[], words: string) {
  const asked = server.stream(messages)
  const call = await server.model.received(server.model.calls.length + 1)
  call.say(words)
  const answer = await asked
  await answer.hear(words)
  return { call, answer }
}

/** Asks for a stream under these headers instead of the key of `call-1`. */
export const streamAs = (
  { url }: Pick<PacedTurnstate, 'url'>,
  messages: readonly object[],
  headers: Readonly<Record<string, string>>,
) =>
  openStream(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ stream: true, messages }),
  })

/** Resolves once the server has noticed that so many answers are over, by a hang-up or an end. */
export const ended = ({ logged }: Pick<PacedTurnstate, 'logged'>, count: number) =>
  vi.waitFor(
    () => expect(logged.filter((message) => message === 'turn ended')).toHaveLength(count),
    { interval: 5, timeout: 5000 },
  )

export const kindOf = ({ headers }: { readonly headers: Headers }) =>
  headers.get('x-turnstate-kind')
