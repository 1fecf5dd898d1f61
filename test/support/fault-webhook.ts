import { createServer, type ServerResponse } from 'node:http'
import { createGate, type Gate } from './gate.ts'
import { closeServer, listenOnLoopback } from './loopback-server.ts'

interface Received {
  /** The wish that it is about: every body names one. */
  readonly wish: string
  readonly tool: string
  readonly key: string
}

type Behaviour = 'answer' | 'reset' | 'garbage' | 'hold'

/** What the other side saw of a wish. */
export interface Seen {
  readonly requests: number
  /** Requests that a side which honours the Idempotency-Key would act on. */
  readonly keys: number
}

/** The other side of all tools, which does what the test says for each wish, and counts. */
export interface FaultWebhook {
  readonly url: string
  readonly port: number
  /** Of requests for this wish: the first one, or all if nothing is said of later ones. */
  readonly behave: (wish: string, ...behaviours: readonly Behaviour[]) => void
  readonly seen: (wish: string, tool?: string) => Seen
  /** The first request that is held has arrived. */
  readonly held: (wish: string) => Promise<void>
  /** Answers what is held, and holds nothing more. */
  readonly release: (wish: string) => void
  readonly close: () => Promise<void>
}

/** `port`: of its own choice if none is given. */
export async function startFaultWebhook(port = 0): Promise<FaultWebhook> {
  const received: Received[] = []
  const behaviours = new Map<string, Behaviour[]>()
  const gates = new Map<string, Gate>()
  const gateOf = (wish: string) => gates.get(wish) ?? setGate(wish)

  function setGate(wish: string): Gate {
    const gate = createGate()
    gates.set(wish, gate)
    return gate
  }

  const server = createServer((request, response) => {
    // A process that was killed has hung up.
    response.on('error', () => undefined)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { wish } = JSON.parse(Buffer.concat(chunks).toString()) as { wish: string } // the tools' schema
      const key = String(request.headers['idempotency-key'])
      received.push({ wish, tool: (request.url ?? '').slice(1), key })
      const left = behaviours.get(wish) ?? []
      const behaviour = (left.length > 1 ? left.shift() : left[0]) ?? 'answer'
      answer(response, behaviour, gateOf(wish))
    })
  })
  const listening = port === 0 ? listenOnLoopback(server) : listenOn(server, port)

  return {
    port: await listening,
    url: `http://127.0.0.1:${await listening}`,
    behave: (wish, ...next) => void behaviours.set(wish, [...next]),
    seen(wish, tool) {
      const about = received.filter(
        (one) => one.wish === wish && (tool === undefined || one.tool === tool),
      )
      return { requests: about.length, keys: new Set(about.map(({ key }) => key)).size }
    },
    held: (wish) => gateOf(wish).reached,
    release: (wish) => gateOf(wish).release(),
    close: () => closeServer(server),
  }
}

function listenOn(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(port))
  })
}

function answer(response: ServerResponse, behaviour: Behaviour, gate: Gate): void {
  const say = (text: string) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(text)
  }
  switch (behaviour) {
    case 'answer':
      say('{"done":true}')
      return
    case 'garbage':
      say('{"done":<html>\u0000')
      return
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'hold':
      gate.reach()
      void gate.released.then(() => say('{"done":true}'))
  }
}
