import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { createParser } from 'eventsource-parser'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { TurnstateError } from '../src/errors.ts'
import type { TurnEvent } from '../src/turn/turn.ts'
import { fakeEngine } from './support/fake-engine.ts'
import { heldTurn } from './support/held-turn.ts'
import { listeningApp, post } from './support/listening-app.ts'
import { rawHttp, type RawConnection } from './support/raw-http.ts'
import { requestCatalogue } from './support/request-catalogue.ts'
import { startWithVendor } from './routes/elevenlabs/vendor.ts'

const FILE = new URL('../openapi.yaml', import.meta.url)
const CHAT = '/v1/chat/completions'
const RESPONSES = '/v1/responses'
const BODY = { messages: [{ role: 'user', content: 'Hello' }] }
const INPUT = { input: 'Hello' }
const EVENTS: readonly TurnEvent[] = [
  { type: 'keep-alive' },
  { type: 'text-delta', text: 'Bye.' },
  { type: 'tool-call', call: { id: 'call_1', name: 'end_call', arguments: '{}' } },
  { type: 'tool-call', call: { id: 'call_2', name: 'skip_turn', arguments: '{}' } },
]
const USAGE = { promptTokens: 7, completionTokens: 2, totalTokens: 9 }

interface DocumentedHeader {
  readonly $ref?: string
}
interface DocumentedResponse {
  readonly headers?: Readonly<Record<string, DocumentedHeader>>
}
interface DocumentedBody {
  readonly content: {
    readonly 'application/json': {
      readonly examples: Readonly<Record<string, { readonly value: unknown }>>
    }
  }
}
interface Operation {
  readonly requestBody?: DocumentedBody
  readonly responses: Readonly<Record<string, DocumentedResponse & { readonly $ref?: string }>>
}
interface Contract {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly requestBodies: Readonly<Record<string, DocumentedBody>>
    readonly responses: Readonly<Record<string, DocumentedResponse>>
  }
}

const text = readFileSync(FILE, 'utf8')
const contract = parse(text) as Contract // the linter has checked its form
const ajv = new Ajv2020({ strict: false, allErrors: true }).addSchema({
  $id: 'contract',
  ...contract,
})

/** The whole document is one schema to ajv, so that references inside it resolve. */
function problemsAt(pointer: string, value: unknown): unknown {
  const encoded = pointer
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/')
  const validate = ajv.getSchema(`contract#${encoded}`)
  if (!validate) throw new Error(`the contract has no ${pointer}`)
  return validate(value) ? null : validate.errors
}

const problems = (schema: string, value: unknown) =>
  problemsAt(`/components/schemas/${schema}`, value)

/** Checks an answer against what the contract says of this route and status. */
async function expectInContract(
  response: Response,
  method: string,
  path: string,
): Promise<unknown> {
  const documented = contract.paths[path]?.[method]?.responses[response.status]
  if (!documented) throw new Error(`the contract has no ${response.status} for ${method} ${path}`)
  const escaped = path.replaceAll('/', '~1')
  const pointer =
    documented.$ref?.slice(1) ?? `/paths/${escaped}/${method}/responses/${response.status}`
  const value: unknown = await response.json()
  expect(problemsAt(`${pointer}/content/application~1json/schema`, value)).toBeNull()
  return value
}

/** Checks the headers of the turn, which an error answer of this status is said to carry too. */
function expectTurnHeaders({ status, headers }: Response): void {
  const documented = contract.paths[CHAT]?.post?.responses[status]
  const name = documented?.$ref?.split('/').at(-1) ?? ''
  const turn = Object.entries(contract.components.responses[name]?.headers ?? {}).filter(([key]) =>
    key.startsWith('x-turnstate-'),
  )
  expect(turn).toHaveLength(status === 503 ? 0 : 6)
  for (const [key, { $ref }] of turn) {
    const pointer = $ref?.slice(1) ?? `/components/responses/${name}/headers/${key}`
    expect(problemsAt(`${pointer}/schema`, headers.get(key))).toBeNull()
  }
}

async function untilWhole(caller: RawConnection): Promise<string> {
  await caller.until('"code":"invalid_request"}}')
  return caller.received()
}

async function chunks(response: Response): Promise<string[]> {
  const data: string[] = []
  createParser({ onEvent: (event) => data.push(event.data) }).feed(await response.text())
  return data
}

describe('the contract', () => {
  test('is served as it stands in the file', async () => {
    const { url } = await listeningApp({ openApiText: text })
    const response = await fetch(`${url}/openapi.yaml`)
    expect(response.headers.get('content-type')).toContain('application/yaml')
    expect(parse(await response.text())).toEqual(contract)
  })

  test('names every route that there is', async () => {
    const { server } = await listeningApp()
    const routes = [...server.printRoutes({ commonPrefix: false }).matchAll(/(\/\S*) \((.*)\)$/gm)]
    expect(routes.length).toBeGreaterThan(5)
    const operations = routes.flatMap(([, path = '', methods = '']) =>
      methods.split(', ').map((method) => `${method.toLowerCase()} ${path}`),
    )
    // HEAD goes with every GET, and browsers' questions are answered anywhere.
    const undocumented = operations.filter((operation) => {
      const [method = '', path = ''] = operation.split(' ')
      const isImplied = method === 'head' && operations.includes(`get ${path}`)
      const documented = path.replace(/:(\w+)/g, '{$1}')
      return method !== 'options' && !isImplied && !contract.paths[documented]?.[method]
    })
    expect(undocumented).toEqual([])
  })

  test('names only routes that there are', async () => {
    const { url } = await listeningApp()
    for (const [path, operations] of Object.entries(contract.paths)) {
      for (const method of Object.keys(operations)) {
        const response = await fetch(url + path, { method: method.toUpperCase() })
        expect([method, path, response.status]).not.toContain(404)
      }
    }
  })

  test('has the answer as one body', async () => {
    for (const engine of [fakeEngine(), fakeEngine({ events: EVENTS, end: { usage: USAGE } })]) {
      const { url } = await listeningApp({ engine })
      await expectInContract(await post(url + CHAT, BODY), 'post', CHAT)
      await expectInContract(
        await post(url + CHAT, BODY, { 'x-turnstate-metadata': '1' }),
        'post',
        CHAT,
      )
    }
  })

  test('has every chunk of a stream', async () => {
    const engine = fakeEngine({ events: EVENTS, end: { usage: USAGE, finishReason: 'tool_calls' } })
    const { url } = await listeningApp({ engine })
    const body = { ...BODY, stream: true, stream_options: { include_usage: true } }
    const data = await chunks(await post(url + CHAT, body, { 'x-turnstate-metadata': '1' }))
    expect(data.pop()).toBe('[DONE]')
    expect(data).toHaveLength(7)
    for (const json of data) expect(problems('ChatCompletionChunk', JSON.parse(json))).toBeNull()
  })

  test('has the response as one body', async () => {
    const engines = [
      fakeEngine(),
      fakeEngine({ events: EVENTS, end: { usage: USAGE } }),
      fakeEngine({ end: { finishReason: 'length' } }),
    ]
    for (const engine of engines) {
      const { url } = await listeningApp({ engine })
      const answer = await post(url + RESPONSES, INPUT, { 'x-turnstate-metadata': '1' })
      await expectInContract(answer, 'post', RESPONSES)
    }
  })

  test.each(['tool_calls', 'length'] as const)(
    'has every event of a response that ends with %s',
    async (finishReason) => {
      const engine = fakeEngine({ events: EVENTS, end: { usage: USAGE, finishReason } })
      const { url } = await listeningApp({ engine })
      const answer = await post(url + RESPONSES, { ...INPUT, stream: true })
      const data = await chunks(answer)
      expect(data.pop()).toBe('[DONE]')
      expect(data).toHaveLength(17)
      for (const json of data) expect(problems('ResponseEvent', JSON.parse(json))).toBeNull()
    },
  )

  test('has the headers of a turn', async () => {
    const { url } = await listeningApp()
    const { headers } = await post(url + CHAT, BODY)
    for (const name of ['Conversation', 'Exchange', 'State', 'Kind', 'Heard', 'Confidence']) {
      const value = headers.get(`x-turnstate-${name.toLowerCase()}`)
      expect(problemsAt(`/components/headers/${name}/schema`, value)).toBeNull()
    }
  })

  test('has the models, the dry run, health and readiness', async () => {
    let upstream: 'ok' | 'unusable' = 'ok'
    const mcp = { scheduling: 'unreachable' } as const
    const app = await listeningApp({ readiness: () => ({ upstream, store: 'ok', mcp }) })
    await expectInContract(await fetch(`${app.url}/v1/models`), 'get', '/v1/models')
    const derive = '/v1/conversations/derive'
    await expectInContract(await post(app.url + derive, BODY), 'post', derive)
    await expectInContract(await fetch(`${app.url}/healthz`), 'get', '/healthz')
    await expectInContract(await fetch(`${app.url}/readyz`), 'get', '/readyz')
    upstream = 'unusable'
    await expectInContract(await fetch(`${app.url}/readyz`), 'get', '/readyz')
    app.drain()
    await expectInContract(await fetch(`${app.url}/readyz`), 'get', '/readyz')
  })

  test('has every error', async () => {
    const statuses: number[] = []
    const expectError = async (response: Response, method = 'post', path = CHAT) => {
      statuses.push(response.status)
      const value = await expectInContract(response, method, path)
      expect(problems('Error', value)).toBeNull()
    }
    const app = await listeningApp({
      keys: [{ name: 'a', secret: 'secret-of-someone' }],
      limits: { max_body_bytes: 2048, max_concurrent_turns: 1, max_sockets: 100 },
    })
    const authorized = { 'x-api-key': 'secret-of-someone' }
    await expectError(await post(app.url + CHAT, '{', authorized))
    await expectError(await post(app.url + CHAT, { messages: [7] }, authorized))
    await expectError(await post(app.url + CHAT, BODY))
    await expectError(await fetch(`${app.url}/v1/models`), 'get', '/v1/models')
    const proxied = { headers: { via: '1.1 proxy' } }
    await expectError(await fetch(`${app.url}/metrics`, proxied), 'get', '/metrics')
    await expectError(await post(app.url + CHAT, { x: 'y'.repeat(3000) }, authorized))
    for (const code of ['upstream_failed', 'upstream_timeout', 'overloaded', 'internal'] as const) {
      const run = () => Promise.reject(new TurnstateError(code, 'It went wrong'))
      const failing = await listeningApp({ engine: fakeEngine({ run }) })
      const response = await post(failing.url + CHAT, { ...BODY, stream: true })
      expectTurnHeaders(response)
      await expectError(response)
    }
    app.drain()
    await expectError(await post(app.url + CHAT, BODY, authorized))
    expect(statuses).toEqual([400, 400, 401, 401, 401, 413, 502, 504, 503, 500, 503])
    const nowhere = await fetch(`${app.url}/nowhere`)
    expect(nowhere.status).toBe(404)
    expect(problems('Error', await nowhere.json())).toBeNull()
  })

  test('has the signed URL, and every reason why there is none', async () => {
    const path = '/v1/elevenlabs/signed-url'
    const { ask, vendor } = await startWithVendor({ signed_urls_per_minute: 3 })
    const statuses: number[] = []
    const expectAnswer = async (response: Response) => {
      statuses.push(response.status)
      const value = await expectInContract(response, 'get', path)
      expect(problems(response.ok ? 'SignedUrl' : 'Error', value)).toBeNull()
    }
    const signed_url = 'wss://api.elevenlabs.io/?conversation_id=conv_42'
    vendor.behave({ type: 'json', value: { signed_url } })
    await expectAnswer(await ask())
    vendor.behave({ type: 'json', value: {}, status: 401 })
    for (const query of ['?agent_id=agent_1', '', '?agent_id=agent_3']) {
      await expectAnswer(await ask(query))
    }
    await ask()
    await expectAnswer(await ask())
    await expectAnswer(await ask('', {}))
    expect(statuses).toEqual([200, 502, 400, 404, 429, 401])
  })

  test('has the answers to what never became a request', async () => {
    const { port } = await listeningApp({ timeouts: { requestMs: 40 } })
    const start = `POST ${CHAT} HTTP/1.1\r\n`
    for (const [sent, status] of [
      [`${start}\r\n`, 400],
      [`${start}host: a\r\ncontent-length: 9\r\n\r\n{`, 408],
      [`${start}host: a\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, 431],
    ] as const) {
      const caller = await rawHttp(port)
      caller.socket.write(sent)
      const answer = status === 400 ? await untilWhole(caller) : await caller.closed()
      expect(answer.startsWith(`HTTP/1.1 ${status} `)).toBe(true)
      const body = answer.slice(answer.indexOf('\r\n\r\n') + 4)
      await expectInContract(new Response(body, { status }), 'post', CHAT)
    }
  })

  test('has the answer to a turn too many', async () => {
    const held = heldTurn()
    const limits = { max_body_bytes: 2048, max_concurrent_turns: 1, max_sockets: 100 }
    const { url } = await listeningApp({ engine: held.engine, limits })
    const first = post(url + CHAT, BODY)
    await held.started
    const second = await post(url + CHAT, BODY)
    expect(second.status).toBe(503)
    await expectInContract(second, 'post', CHAT)
    held.release()
    await expectInContract(await first, 'post', CHAT)
  })

  test('has the examples that it gives of requests', () => {
    const bodies = [
      contract.components.requestBodies['ChatCompletion'],
      contract.paths[RESPONSES]?.['post']?.requestBody,
    ]
    for (const [index, schema] of ['ChatCompletionRequest', 'ResponseRequest'].entries()) {
      const examples = Object.entries(bodies[index]?.content['application/json'].examples ?? {})
      expect(examples.length).toBeGreaterThan(1)
      for (const [name, { value }] of examples) {
        expect([name, problems(schema, value)]).toEqual([name, null])
      }
    }
  })

  test('allows the requests that platforms send', () => {
    for (const { name, body } of requestCatalogue()) {
      // The one shape that sends null for a number, which is tolerated and not advertised.
      if (name.startsWith('13-')) continue
      expect([name, problems('ChatCompletionRequest', body)]).toEqual([name, null])
    }
  })
})
