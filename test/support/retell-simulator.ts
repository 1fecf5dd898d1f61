import type { ClientOptions } from 'ws'
import { expect, onTestFinished } from 'vitest'
import { takeFrame, type CallDetails, type Response, type TranscriptItem } from './retell-frames.ts'
import { dialLine, type Frame, type VoiceLine } from './voice-line.ts'

interface SimulatorOptions extends ClientOptions {
  readonly callId?: string
  /** What the operator put before the id of the call, and behind it. */
  readonly prefix?: string
  readonly query?: string
  /** Of an earlier connection of the same call. */
  readonly transcript?: readonly TranscriptItem[]
  readonly lastId?: number
}

/** What the agent says under one `response_id`, all pieces together. */
interface Spoken {
  readonly text: string
  readonly last: Response
  /** How many pieces it came in. */
  readonly pieces: number
}

/** Retell's side of a call: it numbers its requests, and drops what is no answer to the newest one. */
export interface RetellCall {
  readonly line: VoiceLine
  readonly transcript: readonly TranscriptItem[]
  /** The caller says something; `more`: the last utterance goes on. */
  readonly user: (content: string) => void
  readonly more: (content: string) => void
  /** The agent was heard saying this. */
  readonly heard: (content: string) => void
  readonly add: (...items: readonly TranscriptItem[]) => void
  /** Asks for an answer to the transcript as it stands; resolves with the number of the request. */
  readonly ask: (more?: Frame) => number
  readonly remind: () => number
  /** The live transcript, which wants no answer. */
  readonly update: (more?: Frame) => void
  readonly details: (call: CallDetails) => void
  /** All that is said under a number, once it has an end. */
  readonly spoken: (id: number) => Promise<Spoken>
  /** The first words under a number. */
  readonly firstWords: (id: number) => Promise<string>
  /** The caller says something, the answer is spoken whole. */
  readonly exchange: (content: string) => Promise<Spoken>
  /** Everything that was sent until now has been dealt with. */
  readonly settled: () => Promise<void>
  readonly ofType: (type: string) => readonly Frame[]
  /** The connection breaks and Retell dials again. */
  readonly redial: () => Promise<RetellCall>
}

/** Dials a server as Retell does. A frame that Retell would drop fails the test. */
export async function startRetellCall(
  url: string,
  options: SimulatorOptions = {},
): Promise<RetellCall> {
  const { callId = 'call-1', prefix = '', query = '', transcript: before = [] } = options
  const line = await dialLine(`${url}${prefix}/llm-websocket/${callId}${query}`, options)
  const transcript: TranscriptItem[] = [...before]
  const judge = createJudge(line)
  let lastId = options.lastId ?? 0
  let pings = 0

  const send = (frame: object) => line.send(frame)
  const transcripts = () => ({
    transcript: transcript.filter((item) => item.role === 'agent' || item.role === 'user'),
    transcript_with_tool_calls: transcript,
  })
  function request(type: string, more: Frame = {}): number {
    lastId += 1
    send({ interaction_type: type, response_id: lastId, ...transcripts(), ...more })
    judge.asked(lastId, ping())
    return lastId
  }
  /** Frames are dealt with in their order: behind the answer to a ping, all before it was. */
  function ping(): number {
    pings += 1
    send({ interaction_type: 'ping_pong', timestamp: pings })
    return pings
  }
  const responses = (id: number) =>
    judge.responses().filter(({ response_id }) => response_id === id)

  async function spoken(id: number): Promise<Spoken> {
    await line.next(
      (frame) =>
        frame.response_type === 'response' &&
        frame.response_id === id &&
        frame.content_complete === true,
    )
    const all = responses(id)
    const [last] = all.slice(-1)
    if (!last) throw new Error(`nothing was taken of ${id}`)
    return { text: all.map(({ content }) => content).join(''), last, pieces: all.length }
  }

  const call: RetellCall = {
    line,
    transcript,
    user: (content) => void transcript.push({ role: 'user', content }),
    more(content) {
      const at = transcript.findLastIndex(({ role }) => role === 'user')
      const item = transcript[at]
      if (item && 'content' in item) {
        transcript[at] = { role: 'user', content: `${item.content} ${content}` }
      }
    },
    heard: (content) => void transcript.push({ role: 'agent', content: content.trim() }),
    add: (...items) => void transcript.push(...items),
    ask: (more) => request('response_required', more),
    remind: () => request('reminder_required'),
    update: (more = {}) => send({ interaction_type: 'update_only', ...transcripts(), ...more }),
    details: (details) => send({ interaction_type: 'call_details', call: details }),
    spoken,
    async firstWords(id) {
      const frame = await line.next(
        ({ response_type, response_id, content }) =>
          response_type === 'response' && response_id === id && content !== '',
      )
      return String(frame.content)
    },
    async exchange(content) {
      call.user(content)
      const said = await spoken(call.ask())
      call.heard(said.text)
      return said
    },
    async settled() {
      const timestamp = ping()
      await line.next(
        (frame) => frame.response_type === 'ping_pong' && frame.timestamp === timestamp,
      )
    },
    ofType: (type) => line.frames.filter(({ response_type }) => response_type === type),
    async redial() {
      line.socket.terminate()
      await line.closed
      return startRetellCall(url, { ...options, transcript, lastId })
    },
  }
  return call
}

/** Watches what the server sends, and fails the test for what Retell would drop. */
function createJudge(line: VoiceLine) {
  const problems: string[] = []
  const taken: Response[] = []
  const ended = new Set<number>()
  /** The requests that the server knows of, by the ping that followed them. */
  const known = new Map<number, number>()
  let newest = 0
  let isFirst = true

  function look(frame: Frame): void {
    const read = takeFrame(frame)
    if (!read.ok) {
      problems.push(read.problem)
      return
    }
    if (isFirst && read.frame.response_type !== 'config') problems.push('config must come first')
    isFirst = false
    if (read.frame.response_type === 'ping_pong') {
      newest = Math.max(newest, known.get(read.frame.timestamp) ?? 0)
    }
    if (read.frame.response_type !== 'response') return
    const { response_id: id, content_complete } = read.frame
    if (ended.has(id)) problems.push(`goes on after its end: ${JSON.stringify(frame)}`)
    else if (id < newest) problems.push(`answers an old request: ${JSON.stringify(frame)}`)
    else taken.push(read.frame)
    if (content_complete) ended.add(id)
  }
  // Those that came with the answer to the upgrade.
  line.frames.forEach(look)
  line.socket.on('message', (data) => look(JSON.parse((data as Buffer).toString()) as Frame)) // as the line reads them
  onTestFinished(() => expect(problems).toEqual([]))
  return {
    responses: () => taken,
    /** From when the server knows of the request on, nothing older may come. */
    asked: (id: number, ping: number) => void known.set(ping, id),
  }
}

interface KeepAliveOptions {
  /** After so many answered pings all is well. */
  readonly pings: number
  readonly withinMs: number
}

/** Retell's pings: who leaves one unanswered is dialled again twice, and then given up. */
export async function keepAlive(
  dial: () => Promise<VoiceLine>,
  { pings, withinMs }: KeepAliveOptions,
): Promise<{
  readonly outcome: 'alive' | 'error_llm_websocket_lost_connection'
  readonly dials: number
}> {
  for (let dials = 1; dials <= 3; dials++) {
    const line = await dial()
    const config = await line.next(({ response_type }) => response_type === 'config')
    expect(config.config).toMatchObject({ auto_reconnect: true })
    if (await answersPings(line, { pings, withinMs })) return { outcome: 'alive', dials }
    line.socket.terminate()
    await line.closed
  }
  return { outcome: 'error_llm_websocket_lost_connection', dials: 3 }
}

async function answersPings(line: VoiceLine, { pings, withinMs }: KeepAliveOptions) {
  for (let timestamp = 1; timestamp <= pings; timestamp++) {
    line.send({ interaction_type: 'ping_pong', timestamp })
    const limit = setTimeout(() => line.socket.terminate(), withinMs)
    const isAnswered = await line
      .next((frame) => frame.response_type === 'ping_pong' && frame.timestamp === timestamp)
      .then(
        () => true,
        () => false,
      )
    clearTimeout(limit)
    if (!isAnswered) return false
  }
  return true
}
