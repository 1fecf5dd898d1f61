/*
 * What a long history costs between receipt and the upstream request: parse, read, derive, encode.
 * 200 messages and about 200 KB, as a ratio to `JSON.parse` of the same bytes. Sockets are left out:
 * they cost the same with any server. Prints a table; asserts nothing.
 */
import type { FastifyRequest } from 'fastify'
import { readChatRequest } from '../src/routes/openai/read-request.ts'
import { encodeRequest } from '../src/upstream/encode-request.ts'
import type { Upstream } from '../src/upstream/upstream.ts'
import { buildEngine } from '../test/support/engine.ts'

const MESSAGES = Number(process.argv[2] ?? 200)
const SAMPLES = 60
const ENGLISH = 'some words that are said on a call, '
const NORWEGIAN = 'noen ord på norsk, æ ø å, i en samtale, '

interface Case {
  readonly name: string
  readonly words: string
  /** The conversation is known: every turn of the history stands in the journal. */
  readonly known: boolean
  /** Every third reply was cut. */
  readonly cut: boolean
}

const CASES: readonly Case[] = [
  { name: 'English, unknown conversation', words: ENGLISH, known: false, cut: false },
  { name: 'English, all in the journal', words: ENGLISH, known: true, cut: false },
  { name: 'English, every third reply cut', words: ENGLISH, known: true, cut: true },
  { name: 'Norwegian, all in the journal', words: NORWEGIAN, known: true, cut: false },
]

interface Message {
  readonly role: string
  readonly content: string
}

function history({ words, cut }: Case): { sent: Message[]; spoken: Message[] } {
  const long = words.repeat(Math.ceil(1000 / words.length))
  const spoken = Array.from({ length: MESSAGES - 1 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `${index % 2 === 0 ? 'Question' : 'Reply'} ${index}: ${long}`,
  }))
  const sent = spoken.map((message, index) =>
    cut && index % 6 === 5 ? { ...message, content: message.content.slice(0, 700) } : message,
  )
  return { sent, spoken }
}

const SYSTEM = { role: 'system', content: `Be kind. CALL_ID=conv_1 ${'A rule. '.repeat(400)}` }

function toBody(messages: readonly Message[]): Buffer {
  return Buffer.from(
    JSON.stringify({ model: 'm', temperature: 0, stream: true, messages: [SYSTEM, ...messages] }),
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
  return async (body: Buffer, reply: string): Promise<number> => {
    say = reply
    const request = { body, headers: {}, query: {}, caller: 'bench' }
    const receivedAt = performance.now()
    const chat = readChatRequest(request as unknown as FastifyRequest) // all that it reads of one
    const turn = await engine.begin(chat.turn)
    await turn.run({
      signal: new AbortController().signal,
      streams: false,
      onEvent: () => undefined,
    })
    return encodedAt - receivedAt
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

function timed(work: () => unknown): number {
  const startedAt = performance.now()
  work()
  return performance.now() - startedAt
}

async function measure(bench: Case) {
  const { sent, spoken } = history(bench)
  const body = toBody(sent)
  const text = body.toString()
  const parses: number[] = []
  const bareParses: number[] = []
  const costs: number[] = []
  for (let sample = 0; sample < SAMPLES; sample++) {
    const ask = createProbe()
    if (bench.known) {
      for (let at = 0; at + 1 < spoken.length; at += 2) {
        await ask(toBody(sent.slice(0, at + 1)), spoken[at + 1]?.content ?? '')
      }
    }
    parses.push(timed(() => JSON.parse(body.toString())))
    bareParses.push(timed(() => JSON.parse(text)))
    costs.push(await ask(body, 'Yes.'))
  }
  const cost = median(costs)
  return {
    case: bench.name,
    'body KB': Math.round(body.length / 1024),
    'JSON.parse(body) ms': median(parses).toFixed(3),
    'to upstream request ms': cost.toFixed(3),
    ratio: (cost / median(parses)).toFixed(2),
    'ratio to parsing the decoded text': (cost / median(bareParses)).toFixed(2),
  }
}

// Once for the compiler, which would otherwise be measured with the first case.
for (const bench of CASES) await measure(bench)
const rows = []
for (const bench of CASES) rows.push(await measure(bench))
console.log(`${MESSAGES} messages, medians of ${SAMPLES}, Node ${process.version}`)
console.table(rows)
