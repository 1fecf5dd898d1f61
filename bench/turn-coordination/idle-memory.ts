import { charactersOf } from '../../src/conversation/journal.ts'
import { createBenchEngine, type BenchEngine, type Script } from './bench-engine.ts'
import { callerText, cutText, replyText } from './call-texts.ts'
import { bytesInUse, ensure, toKilobytes, type Figure } from './figures.ts'

const EXCHANGES = 20
const LIMIT_BYTES = 64 * 1024
const RULE = 'Be friendly and brief, never give medical advice, and ask one question at a time. '

interface Size {
  readonly name: string
  readonly conversations: number
  readonly promptCharacters: number
}

/** Above 16 KiB a body's messages can go upstream as they came, so what is kept may differ. */
const SIZES: readonly Size[] = [
  { name: 'prompt of 4 KB', conversations: 1000, promptCharacters: 4000 },
  { name: 'prompt of 24 KB', conversations: 500, promptCharacters: 24_000 },
]

interface Call {
  readonly number: number
  readonly prompt: string
}

/** A conversation from its first word on, with tool calls, revised transcripts and cut replies. */
async function converse(engine: BenchEngine, { number, prompt }: Call): Promise<void> {
  const key = `call-${number}`
  const history: object[] = [{ role: 'system', content: prompt }]
  for (let exchange = 1; exchange <= EXCHANGES; exchange++) {
    const user = { role: 'user', content: callerText(number, exchange) }
    const reply = replyText(number, exchange)
    if (exchange % 3 === 0) {
      const half = { role: 'user', content: user.content.slice(0, user.content.length >> 1) }
      await engine.ask({ key, messages: [...history, half], model: [{ text: reply }] })
    }
    history.push(user)
    if (exchange % 10 === 0) {
      const call = { id: `call_${exchange}`, name: 'show_map', arguments: '{"place":"clinic"}' }
      await engine.ask({ key, messages: history, model: [{ calls: [call] }] })
      const { id, name, arguments: args } = call
      history.push(
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id, type: 'function', function: { name, arguments: args } }],
        },
        { role: 'tool', tool_call_id: id, content: '{"shown":true}' },
      )
    }
    await engine.ask({ key, messages: history, model: scriptOf(exchange, reply) })
    history.push({ role: 'assistant', content: exchange % 4 === 0 ? cutText(reply) : reply })
  }
}

const TOOL_AT: Readonly<Record<number, string>> = {
  2: 'find_patient',
  3: 'free_slots',
  5: 'create_booking',
  9: 'free_slots',
  14: 'free_slots',
}

function scriptOf(exchange: number, text: string): Script {
  const name = TOOL_AT[exchange]
  if (name === undefined) return [{ text }]
  const call = { id: `server_${exchange}`, name, arguments: `{"for":"patient ${exchange}"}` }
  return [{ text: 'Let me look. ', calls: [call] }, { text }]
}

interface Kept {
  readonly bytes: number
  readonly characters: number
  readonly turns: number
}

/** Per conversation, all that the process keeps for it: journal, ledger, what was remembered. */
async function measure({ conversations, promptCharacters }: Size): Promise<Kept> {
  const engine = createBenchEngine()
  const prompt = RULE.repeat(Math.ceil(promptCharacters / RULE.length))
  // Compiled code and grown tables are no part of a conversation.
  for (let number = 0; number < 100; number++) await converse(engine, { number, prompt })
  const before = await bytesInUse()
  for (let number = 100; number < 100 + conversations; number++) {
    await converse(engine, { number, prompt })
  }
  const bytes = ((await bytesInUse()) - before) / conversations
  const journal = engine.store.peek(JSON.stringify(['test', 'call-100']))
  ensure(journal !== undefined, 'the first conversation is still kept')
  const turns = journal?.turns ?? []
  ensure(
    turns.filter((turn) => turn.shown).length >= EXCHANGES - 1 &&
      turns.some((turn) => turn.serverCalls.length > 0),
    'the journal holds the call',
  )
  return { bytes, characters: journal ? charactersOf(journal) : 0, turns: turns.length }
}

/** What an idle conversation costs. */
export async function idleMemory(): Promise<readonly Figure[]> {
  const rows: { readonly size: Size; readonly kept: Kept }[] = []
  for (const size of SIZES) rows.push({ size, kept: await measure(size) })
  console.log(`\nMemory of an idle conversation of ${EXCHANGES} exchanges\n`)
  console.table(
    rows.map(({ size, kept }) => ({
      conversation: size.name,
      conversations: size.conversations,
      turns: kept.turns,
      'characters that count': kept.characters,
      'in use per conversation': toKilobytes(kept.bytes),
      'bytes per character': (kept.bytes / kept.characters).toFixed(1),
    })),
  )
  return rows.map(({ size, kept }) => ({
    name: `memory per idle conversation of ${EXCHANGES} exchanges, ${size.name}`,
    measured: toKilobytes(kept.bytes),
    limit: `< ${toKilobytes(LIMIT_BYTES)}`,
    isMet: kept.bytes < LIMIT_BYTES,
  }))
}
