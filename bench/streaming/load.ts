import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { nextRequest } from './request-body.ts'

/*
 * Many callers at once, on bare sockets: what they cost per token has to be little beside the server.
 */

interface LoadOptions {
  readonly port: number
  /** Callers at once; each sends its next request when its answer is whole. */
  readonly callers: number
  /** The callers begin one after the other within this time. */
  readonly rampMs: number
  /** Of each answer. */
  readonly tokens: number
  /** How often each caller asks. */
  readonly requests?: number
  /** Or until so much time is over. */
  readonly forMs?: number
}

export interface LoadResult {
  readonly streams: number
  readonly tokens: number
  /** Answers that were no 200, broke off, or lacked tokens. */
  readonly errors: number
  readonly seconds: number
  /** Milliseconds from the request to its first token, one by one. */
  readonly firstTokenMs: readonly number[]
  /** Milliseconds of each token from the model to the caller. */
  readonly transitMs: readonly number[]
}

export interface Load {
  readonly result: Promise<LoadResult>
  /** Callers whose answer has begun and is not whole. */
  readonly open: () => number
  /** Tokens that have come so far: where in `transitMs` this moment stands. */
  readonly tokens: () => number
}

interface Tally {
  streams: number
  tokens: number
  errors: number
  open: number
  readonly firstTokenMs: number[]
  readonly transitMs: number[]
}

export function startLoad(options: LoadOptions): Load {
  const tally: Tally = {
    streams: 0,
    tokens: 0,
    errors: 0,
    open: 0,
    firstTokenMs: [],
    transitMs: [],
  }
  const startedAt = performance.now()
  const { callers, rampMs, requests = Infinity, forMs = Infinity } = options
  const mayGoOn = (asked: number) => asked < requests && performance.now() - startedAt < forMs
  const result = (async () => {
    const all = Array.from({ length: callers }, async (_, index) => {
      await sleep((index * rampMs) / callers)
      await call(options, tally, mayGoOn)
    })
    await Promise.all(all)
    const { streams, tokens, errors, firstTokenMs, transitMs } = tally
    const seconds = (performance.now() - startedAt) / 1000
    return { streams, tokens, errors, firstTokenMs, transitMs, seconds }
  })()
  return { result, open: () => tally.open, tokens: () => tally.tokens }
}

interface Caller {
  readonly socket: Socket
  readonly tally: Tally
  readonly wanted: number
  rest: string
  tokens: number
  askedAt: number
}

/** One caller on one connection, until there is nothing more to ask. */
function call(
  { port, tokens }: LoadOptions,
  tally: Tally,
  mayGoOn: (asked: number) => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const caller: Caller = { socket, tally, wanted: tokens, rest: '', tokens: 0, askedAt: 0 }
    let asked = 0
    let isWaiting = false
    const ask = () => {
      if (!mayGoOn(asked)) {
        socket.destroy()
        return
      }
      asked += 1
      isWaiting = true
      caller.rest = ''
      caller.tokens = 0
      caller.askedAt = performance.now()
      socket.write(nextRequest(), 'latin1')
    }
    socket.on('connect', ask)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      if (isWaiting) {
        tally.errors += 1
        if (caller.tokens > 0) tally.open -= 1
      }
      resolve()
    })
    socket.on('data', (bytes) => {
      if (!take(caller, bytes)) return
      isWaiting = false
      tally.streams += 1
      if (caller.tokens > 0) tally.open -= 1
      if (caller.tokens !== tokens) tally.errors += 1
      ask()
    })
  })
}

const BODY_END = '\r\n0\r\n\r\n'
const CONTENT = '"content":"'

/** True once the answer is whole. */
function take(caller: Caller, bytes: Buffer): boolean {
  const text = caller.rest + bytes.toString('latin1')
  const now = performance.now()
  const end = text.lastIndexOf('\n\n') + 2
  for (let at = text.indexOf(CONTENT); at >= 0 && at < end; at = text.indexOf(CONTENT, at)) {
    at += CONTENT.length
    const to = text.indexOf('"', at)
    // Wherever a token begins: servers may hold back white space, and join what came together.
    for (at = text.indexOf('w', at); at >= 0 && at < to; at = text.indexOf('w', at + 1)) {
      takeToken(caller, now, Number(text.slice(at + 1, at + 12)) / 1000)
    }
    at = to
  }
  caller.rest = end > 1 ? text.slice(end) : text
  const isError = text.startsWith('HTTP/1.1 ') && !text.startsWith('HTTP/1.1 200')
  if (isError) caller.socket.destroy()
  return !isError && text.endsWith(BODY_END)
}

function takeToken(caller: Caller, now: number, sentAt: number): void {
  const { tally } = caller
  tally.transitMs.push(now - sentAt)
  if (caller.tokens === 0) {
    tally.firstTokenMs.push(now - caller.askedAt)
    tally.open += 1
  }
  caller.tokens += 1
  tally.tokens += 1
}
