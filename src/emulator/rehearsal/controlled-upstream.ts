import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { conversationIn } from './conversation-id.ts'
import { isRecord, parseJson, valueAt } from './json.ts'
import { streamAnswer, toCompletion } from './model-stream.ts'
import { planAnswer, sceneOf, textOf, type PlannedAnswer, type Scene } from './scripted-answer.ts'
import { refusalOf } from './strict-body.ts'
import { UNOFFERED_TOOL } from './trigger-phrases.ts'

const MAX_BODY_BYTES = 8 * 1024 * 1024

/** One request to the model: one billed generation. */
export interface ModelCall {
  readonly conversation: string | null
  readonly userText: string
  readonly tail: Scene['tail']
  /** When it ended, in milliseconds of `performance.now()`; null while it runs. */
  endedAt: number | null
  /** The other side hung up before the answer was whole. */
  wasAborted: boolean
}

export interface ControlledUpstream {
  /** Its origin; the model is at `/v1`, the tools are below `/tools`. */
  readonly url: string
  readonly modelCalls: (conversation: string) => readonly ModelCall[]
  /** How often a tool ran for an order. */
  readonly toolRuns: (tool: string, order: string) => number
  readonly close: () => Promise<void>
}

interface Books {
  readonly calls: ModelCall[]
  readonly runs: Map<string, number>
}

/** A language model and the tools' web service on 127.0.0.1 that follow the rehearsal and count. Rejects if the port is taken. */
export async function startControlledUpstream(port: number): Promise<ControlledUpstream> {
  const books: Books = { calls: [], runs: new Map() }
  const server = createServer((request, response) => {
    handle(request, response, books).catch(() => response.destroy())
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const boundPort = typeof address === 'object' && address ? address.port : port
  return {
    url: `http://127.0.0.1:${boundPort}`,
    modelCalls: (conversation) => books.calls.filter((call) => call.conversation === conversation),
    toolRuns: (tool, order) => books.runs.get(`${tool} ${order}`) ?? 0,
    close: async () => {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  books: Books,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://rehearsal.invalid')
  const body = parseJson(await readText(request))
  if (url.pathname.startsWith('/tools/')) {
    const tool = url.pathname.slice('/tools/'.length)
    const order = url.searchParams.get('order') ?? valueAt(body, ['order'])
    runTool(response, books, { tool, order: typeof order === 'string' ? order : '' })
    return
  }
  if (!url.pathname.endsWith('/chat/completions') || !isRecord(body)) {
    sendJson(response, 404, { error: { message: 'There is no such route.' } })
    return
  }
  const refusal = refusalOf(body)
  if (refusal !== null) {
    sendJson(response, 400, { error: { message: refusal, type: 'invalid_request_error' } })
    return
  }
  await answer(response, body, books)
}

async function answer(
  response: ServerResponse,
  body: Readonly<Record<string, unknown>>,
  { calls }: Books,
): Promise<void> {
  const messages: readonly unknown[] = Array.isArray(body.messages) ? body.messages : []
  const scene = sceneOf(messages)
  const call = startCall(messages, scene)
  calls.push(call)
  const caller = new AbortController()
  response.once('close', () => {
    call.endedAt = performance.now()
    call.wasAborted = !response.writableFinished
    caller.abort()
  })
  const plan = withOfferedCalls(planAnswer(scene), body.tools)
  if (plan.fault === 'error') {
    sendJson(response, 500, { error: { message: 'The rehearsal model failed.' } })
    return
  }
  if (body.stream !== true) {
    sendJson(response, 200, toCompletion(plan))
    return
  }
  const wantsUsage = valueAt(body, ['stream_options', 'include_usage']) === true
  await streamAnswer(response, plan, { wantsUsage, signal: caller.signal })
}

function startCall(messages: readonly unknown[], scene: Scene): ModelCall {
  const instructions = messages
    .filter(isRecord)
    .filter(({ role }) => role === 'system' || role === 'developer')
  return {
    conversation: conversationIn(instructions.map(({ content }) => textOf(content)).join('\n')),
    userText: scene.user,
    tail: scene.tail,
    endedAt: null,
    wasAborted: false,
  }
}

/** A model calls what it was offered, but for the one rule that has it make a tool up. */
function withOfferedCalls(plan: PlannedAnswer, tools: unknown): PlannedAnswer {
  const offered: readonly unknown[] = Array.isArray(tools) ? tools : []
  const names = offered.map((tool) => valueAt(tool, ['function', 'name']))
  const isMissing = plan.calls.some(({ name }) => name !== UNOFFERED_TOOL && !names.includes(name))
  return isMissing ? { ...plan, calls: [], text: 'I have no tool for that.' } : plan
}

function runTool(
  response: ServerResponse,
  { runs }: Books,
  { tool, order }: { readonly tool: string; readonly order: string },
): void {
  const key = `${tool} ${order}`
  runs.set(key, (runs.get(key) ?? 0) + 1)
  sendJson(response, 200, { order, status: tool === 'place_order' ? 'placed' : 'on its way' })
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    const bytes = chunk as Buffer // no encoding was set
    length += bytes.length
    if (length > MAX_BODY_BYTES) throw new Error('The body is too large.')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString()
}
