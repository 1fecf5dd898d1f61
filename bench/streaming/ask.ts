import { Agent, request } from 'node:http'
import { requestBody } from './request-body.ts'

/** What one caller got. */
export interface Answer {
  readonly status: number
  /** All texts of the answer, in order. */
  readonly text: string
  /** The answer ended as it should: `[DONE]`, and the HTTP body whole. */
  readonly isWhole: boolean
  /** From the request; undefined if there was no text. */
  readonly firstTextMs: number | undefined
}

interface Question {
  readonly port: number
  /** Of the endpoint itself, when no server stands before it. */
  readonly path?: string
  readonly key: string
  readonly said: string
  /** Hangs up. */
  readonly signal?: AbortSignal
  readonly onText?: () => void
}

const LIMIT_MS = 25_000
const agent = new Agent({ keepAlive: true, maxSockets: 200 })

/** Asks as a platform does and listens to the end. Never rejects: what went wrong stands in the answer. */
export function ask(question: Question): Promise<Answer> {
  const { port, path = '/v1/chat/completions', key, said, onText } = question
  const limit = AbortSignal.timeout(LIMIT_MS)
  const signal = question.signal ? AbortSignal.any([question.signal, limit]) : limit
  const body = requestBody({ key, said })
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  const askedAt = performance.now()
  return new Promise((resolve) => {
    let [status, received, firstTextMs] = [0, '', undefined as number | undefined]
    const end = (isComplete: boolean) => {
      const isWhole = isComplete && status === 200 && received.trimEnd().endsWith('data: [DONE]')
      resolve({ status, text: textOf(received), isWhole, firstTextMs })
    }
    const call = request(
      { host: '127.0.0.1', port, path, method: 'POST', headers, agent, signal },
      (response) => {
        status = response.statusCode ?? 0
        response.setEncoding('utf8')
        response.on('data', (piece: string) => {
          received += piece
          if (firstTextMs !== undefined || textOf(received) === '') return
          firstTextMs = performance.now() - askedAt
          onText?.()
        })
        response.on('error', () => undefined)
        response.on('close', () => end(response.complete))
      },
    )
    call.on('error', () => end(false))
    call.end(body)
  })
}

interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string } }[]
}

function textOf(received: string): string {
  let text = ''
  for (const [, data = ''] of received.matchAll(/^data: (\{.*\})$/gm)) {
    const chunk = JSON.parse(data) as Chunk // what the model and both servers write
    text += chunk.choices?.[0]?.delta?.content ?? ''
  }
  return text
}

/** Does the work for all numbers below `count`, so many at a time. */
export async function allOf<Result>(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  let next = 0
  const worker = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return results
}
