import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Findings } from './figure.ts'
import { ms } from './figure.ts'
import { median, residentBytes } from './measure.ts'
import { pacedAnswer } from './paced.ts'
import type { Server, Stage } from './stage.ts'
import { MAX_SOCKETS } from './turnstate-config.ts'

/** More than the server takes. */
const TOO_MANY = 200
const AT_A_TIME = 100
const SAMPLES = 30
const ANSWER_LIMIT_MS = 5000
const LIMIT_KB = 60

/** Calls that platforms hold a WebSocket for: what each keeps, and what they are to everybody else. */
export async function sockets(stage: Stage): Promise<Findings> {
  stage.model.play(pacedAnswer(3, 1))
  const server = await stage.startTurnstate()
  await medianTurn(server)
  const [idle, turnBefore] = [residentBytes(server.pid), await medianTurn(server)]
  const { open, refused } = await dialAll(server)
  const kilobytes = (residentBytes(server.pid) - idle) / open.length / 1024
  const turnBeside = await medianTurn(server)
  const isAnswered = await answers(open.at(-1))
  for (const socket of open) socket.terminate()
  await server.stop()
  const ratio = turnBeside / turnBefore
  return {
    figures: [
      {
        name: `memory per open socket above idle, ${open.length} of them`,
        measured: `${kilobytes.toFixed(1)} KB`,
        aim: `< ${LIMIT_KB} KB`,
        isMet: kilobytes < LIMIT_KB,
      },
      {
        name: 'a turn over HTTP beside them, median, against one without them',
        measured: `${ratio.toFixed(2)} (${ms(turnBeside)} to ${ms(turnBefore)})`,
        aim: '<= 2',
        isMet: ratio <= 2,
      },
    ],
    mistakes: [
      ...(open.length === MAX_SOCKETS ? [] : [`sockets: ${open.length} of ${MAX_SOCKETS} opened`]),
      ...(refused === TOO_MANY ? [] : [`sockets: ${refused} of ${TOO_MANY} were refused with 503`]),
      ...(isAnswered ? [] : ['sockets: a call among them got no answer']),
    ],
    notes: [`${refused} more were refused with 503`],
  }
}

async function dialAll(server: Server) {
  const open: WebSocket[] = []
  let refused = 0
  for (let first = 0; first < MAX_SOCKETS + TOO_MANY; first += AT_A_TIME) {
    const dialled = Array.from({ length: AT_A_TIME }, (_, index) => dial(server, first + index))
    for (const result of await Promise.all(dialled)) {
      if (typeof result !== 'number') open.push(result)
      else if (result === 503) refused += 1
    }
  }
  return { open, refused }
}

/** Resolves with the status of a refusal. */
function dial({ port }: Server, call: number): Promise<WebSocket | number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/llm-websocket/call-${call}`)
  return new Promise((resolve) => {
    socket.once('open', () => {
      socket.send(JSON.stringify({ interaction_type: 'ping_pong', timestamp: 1 }))
      resolve(socket)
    })
    socket.once('unexpected-response', (_, { statusCode = 0 }) => resolve(statusCode))
    socket.on('error', () => resolve(0))
  })
}

async function medianTurn({ port }: Server): Promise<number> {
  const times: number[] = []
  for (let sample = 0; sample < SAMPLES; sample++) {
    const startedAt = performance.now()
    const answer = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'Hello?' }] }),
    })
    await answer.text()
    times.push(performance.now() - startedAt)
  }
  return median(times)
}

/** Whether a call is answered to its end. */
async function answers(socket: WebSocket | undefined): Promise<boolean> {
  if (!socket) return false
  const request = { response_id: 1, transcript: [{ role: 'user', content: 'Hello?' }] }
  socket.send(JSON.stringify({ interaction_type: 'response_required', ...request }))
  const signal = AbortSignal.timeout(ANSWER_LIMIT_MS)
  try {
    for (;;) {
      const [data] = (await once(socket, 'message', { signal })) as [Buffer] // text comes in one buffer
      const frame = JSON.parse(data.toString()) as {
        response_id?: number
        content_complete?: boolean
      }
      if (frame.response_id === 1 && frame.content_complete) return true
    }
  } catch {
    return false
  }
}
