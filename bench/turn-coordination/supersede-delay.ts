import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigFile } from '../../src/config/schema.ts'
import { createService } from '../../src/service.ts'
import { OpenAiCompatibleOptions } from '../../src/upstream/options.ts'
import { ensure, median, type Figure } from './figures.ts'

const SAMPLES = 60
const LIMIT_MS = 50

/** A model that begins to speak and never ends; it tells when its caller hangs up. */
async function startEndlessModel() {
  const calls: { readonly said: string; readonly closed: Promise<number> }[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const closed = once(response, 'close').then(() => performance.now())
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      calls.push({ said: Buffer.concat(chunks).toString(), closed })
      const chunk = { choices: [{ index: 0, delta: { content: 'Well, ' } }] }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: ${JSON.stringify(chunk)}\n\n`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server that listens has one
  return { calls, server, url: `http://127.0.0.1:${port}/v1` }
}

async function startServer(base_url: string) {
  const config = ConfigFile.parse({
    version: 1,
    upstreams: { model: { base_url, model: 'endless' } },
    flow: { name: 'bench', starting_state: 'talk', states: { talk: {} } },
  })
  const quiet = () => undefined
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const upstreams = { model: OpenAiCompatibleOptions.parse({ base_url, model: 'endless' }) }
  const service = createService({ config: { ...config, upstreams }, log, openApiText: '' })
  const url = await service.app.server.listen({ host: '127.0.0.1', port: 0 })
  return { url, close: () => service.close(0) }
}

/** From the sending of a revised transcript to the end of the older one's model call, over sockets. */
export async function supersedeDelay(): Promise<readonly Figure[]> {
  const model = await startEndlessModel()
  const server = await startServer(model.url)
  const ask = async (text: string, key: string) => {
    const answer = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'x-conversation-id': key },
      body: JSON.stringify({ stream: true, messages: [{ role: 'user', content: text }] }),
    })
    const reader = answer.body?.getReader()
    await reader?.read()
    return reader
  }
  const delays: number[] = []
  for (let sample = 0; sample < SAMPLES; sample++) {
    const key = `call-${sample}`
    const older = await ask('I want to book', key)
    const call = model.calls.at(-1)
    ensure(call?.said.includes('I want to book') === true, 'the model was asked')
    const sentAt = performance.now()
    const newer = await ask('I want to book a table for two', key)
    const closedAt = (await call?.closed) ?? Number.NaN
    delays.push(closedAt - sentAt)
    await older?.cancel()
    await newer?.cancel()
  }
  await server.close()
  model.server.closeAllConnections()
  model.server.close()
  const slowest = Math.max(...delays)
  return [
    {
      name: `the older model call ends after a revised transcript (${SAMPLES} times, over sockets)`,
      measured: `${median(delays).toFixed(1)} ms, ${slowest.toFixed(1)} ms at most`,
      limit: `median < ${LIMIT_MS} ms`,
      isMet: median(delays) < LIMIT_MS,
    },
  ]
}
