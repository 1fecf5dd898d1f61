/*
 * What a history costs between receipt and the upstream request: parse, read, derive, encode; as a
 * ratio to `JSON.parse` of the same bytes. Sockets are left out: they cost the same with any server.
 */
import type { FastifyRequest } from 'fastify'
import { createChooseProfile } from '../../src/routes/openai/platforms/choose-profile.ts'
import { readChatRequest } from '../../src/routes/openai/read-request.ts'
import { encodeRequest } from '../../src/upstream/encode-request.ts'
import type { Upstream } from '../../src/upstream/upstream.ts'
import { buildEngine } from '../../test/support/engine.ts'
import type { Findings } from './figure.ts'
import { median } from './measure.ts'
import { profileHere } from './profile.ts'

const ENGLISH = 'some words that are said on a call, '
const NORWEGIAN = 'noen ord på norsk, æ ø å, i en samtale, '
const LIMIT = 3

interface Case {
  readonly name: string
  readonly words: string
  readonly messages: number
  /** How many conversations, and how many requests of each are measured, one after the other. */
  readonly calls: number
  readonly inRow: number
  /** The conversation is known: every turn of the history stands in the journal. */
  readonly known: boolean
  /** Every third reply was cut. */
  readonly cut: boolean
}

const SIZES = [
  { messages: 10, calls: 150, inRow: 1 },
  { messages: 100, calls: 6, inRow: 5 },
  { messages: 1000, calls: 1, inRow: 7 },
]
const KINDS = [
  { name: 'unknown conversation', words: ENGLISH, known: false, cut: false },
  { name: 'all in the journal', words: ENGLISH, known: true, cut: false },
  { name: 'every third reply cut', words: ENGLISH, known: true, cut: true },
  { name: 'Norwegian, all in the journal', words: NORWEGIAN, known: true, cut: false },
]

interface Message {
  readonly role: string
  readonly content: string
}

function history({ words, cut, messages, inRow }: Case): { sent: Message[]; spoken: Message[] } {
  const long = words.repeat(Math.ceil(1000 / words.length))
  const spoken = Array.from({ length: messages - 1 + 2 * inRow }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `${index % 2 === 0 ? 'Question' : 'Reply'} ${index}: ${long}`,
  }))
  const sent = spoken.map((message, index) =>
    cut && index % 6 === 5 ? { ...message, content: message.content.slice(0, 700) } : message,
  )
  return { sent, spoken }
}

function toBody(key: string, messages: readonly Message[]): Buffer {
  const system = { role: 'system', content: `Be kind. CALL_ID=${key} ${'A rule. '.repeat(400)}` }
  return Buffer.from(
    JSON.stringify({ model: 'm', temperature: 0, stream: true, messages: [system, ...messages] }),
  )
}

function createProbe() {
  let say = ''
  let encodedAt = 0
  const upstream: Upstream = {
    name: 'probe',
    isUsable: () => true,
    close: async () => undefined,
    async complete(request, listener) {
      encodeRequest(request, { model: 'm', compat: [] })
      encodedAt = performance.now()
      await listener.onText(say)
      return { text: say, calls: [], finishReason: 'stop' }
    },
  }
  const flow = {
    name: 'bench',
    starting_state: 'talk',
    general_prompt: 'You are the desk. It is {{now}}.',
    states: { talk: { state_prompt: 'Help the caller.' } },
  }
  const engine = buildEngine({ flow, upstream })
  const chooseProfile = createChooseProfile({ keys: [], platform: 'auto' })
  return async (body: Buffer, reply: string): Promise<number> => {
    say = reply
    const request = { body, headers: {}, query: {}, caller: 'bench' }
    const receivedAt = performance.now()
    const chat = readChatRequest(
      request as unknown as FastifyRequest, // all that it reads of one
      chooseProfile,
    )
    const turn = await engine.begin(chat.turn)
    await turn.run({
      signal: new AbortController().signal,
      streams: false,
      onEvent: () => undefined,
    })
    return encodedAt - receivedAt
  }
}

function timed(work: () => unknown): number {
  const startedAt = performance.now()
  work()
  return performance.now() - startedAt
}

interface Cost {
  readonly bytes: number
  readonly parseMs: number
  readonly costMs: number
}

async function measure(one: Case): Promise<Cost> {
  const { sent, spoken } = history(one)
  const ask = createProbe()
  const first = one.messages - 2 // the system message is one of them
  const [parses, costs]: [number[], number[]] = [[], []]
  let bytes = 0
  for (let call = 0; call < one.calls; call++) {
    for (let at = one.known ? 0 : first; at < first + 2 * one.inRow; at += 2) {
      const key = one.known ? `conv_${call}` : `conv_${call}of${at}`
      const body = toBody(key, sent.slice(0, at + 1))
      const cost = await ask(body, spoken[at + 1]?.content ?? '')
      if (at < first) continue
      bytes = body.length
      costs.push(cost)
      parses.push(timed(() => JSON.parse(body.toString())))
    }
  }
  return { bytes, parseMs: median(parses), costMs: median(costs) }
}

/** How the cost of a request grows with its conversation. */
export async function requestCost(): Promise<Findings> {
  const figures = []
  // Once for the compiler, which would otherwise be measured with the first case.
  for (const kind of KINDS) await measure({ ...kind, messages: 100, calls: 4, inRow: 10 })
  for (const size of SIZES) {
    for (const kind of KINDS) {
      const { bytes, parseMs, costMs } = await measure({ ...kind, ...size })
      const ratio = costMs / parseMs
      figures.push({
        name: `${size.messages} messages (${Math.round(bytes / 1024)} KB), ${kind.name}: to the upstream request, against JSON.parse`,
        measured: `${ratio.toFixed(2)} (${costMs.toFixed(3)} to ${parseMs.toFixed(3)} ms)`,
        aim: `<= ${LIMIT}`,
        isMet: ratio <= LIMIT,
      })
    }
  }
  const profile = () =>
    profileHere(async () => {
      for (const kind of KINDS) {
        await measure({ ...kind, messages: 10, calls: 40, inRow: 10 })
        await measure({ ...kind, messages: 100, calls: 4, inRow: 10 })
      }
    })
  return { figures, mistakes: [], notes: [], profile }
}
