import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'
import { closeServer, listenOnLoopback } from './loopback-server.ts'

/** Ways to be wrong that a rehearsal must notice. */
export type NaiveFault =
  'no-done' | 'says-new' | 'json' | 'silent' | 'endless' | 'status-500' | 'hangs' | 'garbage'

interface NaiveServer {
  readonly url: string
  /** Resolves when it has been asked something. */
  readonly firstRequest: Promise<unknown>
}

interface Options {
  /** Origin of an OpenAI-compatible upstream; a server with a fault of its own needs none. */
  readonly upstreamUrl?: string
  readonly fault?: NaiveFault
}

/**
 * What a first Custom LLM server looks like: every request goes on to the model as it is, and every byte
 * comes back; nothing is joined, replayed, filled in or noticed.
 */
export async function startNaiveServer({ upstreamUrl, fault }: Options): Promise<NaiveServer> {
  const server = createServer((incoming, response) => {
    const handled =
      fault === undefined || fault === 'no-done' || fault === 'says-new' ? passOn : misbehave
    handled({ incoming, response, upstreamUrl: upstreamUrl ?? '', fault }).catch(() =>
      response.destroy(),
    )
  })
  const firstRequest = once(server, 'request')
  const port = await listenOnLoopback(server)
  onTestFinished(() => closeServer(server))
  return { url: `http://127.0.0.1:${port}/v1`, firstRequest }
}

interface Exchange {
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  readonly upstreamUrl: string
  readonly fault: NaiveFault | undefined
}

async function passOn({ incoming, response, upstreamUrl, fault }: Exchange): Promise<void> {
  const body = await readBody(incoming)
  const outgoing = httpRequest(`${upstreamUrl}/v1/chat/completions`, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', 'content-length': body.length },
  })
  response.once('close', () => outgoing.destroy())
  outgoing.once('error', () => response.destroy())
  outgoing.once('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, {
      'content-type': answer.headers['content-type'] ?? 'application/json',
      ...(fault === 'says-new' && { 'x-turnstate-kind': 'new' }),
    })
    answer.on('data', (bytes: Buffer) => {
      response.write(fault === 'no-done' ? bytes.toString().replace('data: [DONE]\n\n', '') : bytes)
    })
    answer.once('error', () => response.destroy())
    answer.once('end', () => response.end())
  })
  outgoing.end(body)
}

const EMPTY_DELTA = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: '' }, finish_reason: null }] })}\n\n`
const STOP = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`
const WORDS = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'and so on ' }, finish_reason: null }] })}\n\n`

async function misbehave({ incoming, response, fault }: Exchange): Promise<void> {
  await readBody(incoming)
  if (fault === 'hangs') return
  if (fault === 'status-500') {
    response.writeHead(500, { 'content-type': 'application/json' }).end('{}')
    return
  }
  if (fault === 'json') {
    const message = { role: 'assistant', content: 'Hello there.' }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }] }))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  if (fault === 'silent') response.end(`${EMPTY_DELTA}${STOP}data: [DONE]\n\n`)
  else if (fault === 'garbage') response.end('data: <html>\n\ndata: [DONE]\n\n')
  else {
    const timer = setInterval(() => response.write(WORDS), 100)
    response.once('close', () => clearInterval(timer))
  }
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer) // no encoding was set
  return Buffer.concat(chunks)
}
