import { createServer } from 'node:http'
import { onTestFinished } from 'vitest'
import { createGate } from './gate.ts'
import { closeServer, listenOnLoopback } from './loopback-server.ts'

interface HeldWebhook {
  readonly url: string
  /** Bodies of the requests so far. */
  readonly received: readonly string[]
  /** The first request has arrived. */
  readonly reached: Promise<void>
  /** The first answer has left: false if the other side hung up before that. */
  readonly answered: Promise<boolean>
  /** From now on requests are answered, also those that wait. */
  readonly release: () => void
}

/** A webhook's other side on 127.0.0.1 that answers when the test lets it. */
export async function startHeldWebhook(result: object): Promise<HeldWebhook> {
  const received: string[] = []
  const gate = createGate()
  let toldAnswered: (isWhole: boolean) => void = () => undefined
  const answered = new Promise<boolean>((resolve) => (toldAnswered = resolve))
  const server = createServer((request, response) => {
    response.once('close', () => toldAnswered(response.writableFinished))
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push(Buffer.concat(chunks).toString())
      gate.reach()
      void gate.released.then(() => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(result))
      })
    })
  })
  const port = await listenOnLoopback(server)
  onTestFinished(() => closeServer(server))
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    reached: gate.reached,
    answered,
    release: gate.release,
  }
}
