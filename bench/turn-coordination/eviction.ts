import { MAX_CHARACTERS, MAX_CONVERSATIONS } from '../../src/service.ts'
import { createBenchEngine, type BenchEngine } from './bench-engine.ts'
import { callerText, replyText } from './call-texts.ts'
import { bytesInUse, ensure, type Figure } from './figures.ts'

const ADDED = 12_000
const STEP = 2000
/** The first ones are heard of once more, so they are not the ones that were idle longest. */
const CALLED_AGAIN = 100
/** Heap at the end, against that at the bound. */
const MAX_GROWTH = 1.05

const keyOf = (number: number) => `call-${number}`
const isKept = ({ store }: BenchEngine, number: number) =>
  store.peek(JSON.stringify(['test', keyOf(number)])) !== undefined

function keptOf(engine: BenchEngine, added: number): readonly number[] {
  return Array.from({ length: added }, (_, number) => number).filter((number) =>
    isKept(engine, number),
  )
}

/** Two exchanges of a conversation, whose caller says so much. */
async function call(engine: BenchEngine, number: number, characters: number): Promise<void> {
  const user = { role: 'user', content: callerText(number, 1).padEnd(characters, ' and so on') }
  const text = replyText(number, 1)
  await engine.ask({ key: keyOf(number), messages: [user], model: [{ text }] })
  const next = { role: 'user', content: callerText(number, 2).padEnd(characters, ' and so on') }
  const messages = [user, { role: 'assistant', content: text }, next]
  await engine.ask({ key: keyOf(number), messages, model: [{ text: replyText(number, 2) }] })
}

/** More conversations than the journal remembers. */
export async function evictionByCount(): Promise<readonly Figure[]> {
  const engine = createBenchEngine()
  const before = await bytesInUse()
  const rows: { added: number; kept: number; megabytes: number }[] = []
  for (let number = 0; number < ADDED; number++) {
    await call(engine, number, 0)
    if (number + 1 === MAX_CONVERSATIONS) {
      for (let again = 0; again < CALLED_AGAIN; again++) await call(engine, again, 0)
    }
    const added = number + 1
    if (added % STEP > 0) continue
    const megabytes = ((await bytesInUse()) - before) / 2 ** 20
    rows.push({ added, kept: keptOf(engine, added).length, megabytes })
  }
  console.log(`\nEviction by count: at most ${MAX_CONVERSATIONS} conversations\n`)
  console.table(rows.map((row) => ({ ...row, megabytes: row.megabytes.toFixed(1) })))
  const kept = new Set(keptOf(engine, ADDED))
  const gone = Array.from({ length: ADDED }, (_, number) => number).filter((n) => !kept.has(n))
  const excess = ADDED - MAX_CONVERSATIONS
  const isOldestFirst = gone.every((number, index) => number === CALLED_AGAIN + index)
  const full = rows.find(({ added }) => added === MAX_CONVERSATIONS)?.megabytes ?? Number.NaN
  const growth = (rows.at(-1)?.megabytes ?? Number.NaN) / full
  return [
    {
      name: `conversations kept of ${ADDED}`,
      measured: `${kept.size}`,
      limit: `= ${MAX_CONVERSATIONS}`,
      isMet: kept.size === MAX_CONVERSATIONS,
    },
    {
      name: `the ${excess} that were idle longest are gone (the first ${CALLED_AGAIN} called again)`,
      measured: `gone: ${gone.length}, from ${gone[0]} to ${gone.at(-1)}`,
      limit: `${CALLED_AGAIN} to ${CALLED_AGAIN + excess - 1}`,
      isMet: gone.length === excess && isOldestFirst,
    },
    {
      name: `memory with ${ADDED} added, against ${MAX_CONVERSATIONS}`,
      measured: `x ${growth.toFixed(3)}`,
      limit: `< x ${MAX_GROWTH}`,
      isMet: growth < MAX_GROWTH,
    },
  ]
}

/** Fewer conversations, with more text than the journal holds. */
export async function evictionBySize(): Promise<readonly Figure[]> {
  const engine = createBenchEngine()
  const count = 2000
  const characters = 15_000
  for (let number = 0; number < count; number++) await call(engine, number, characters)
  const kept = keptOf(engine, count)
  const first = kept[0] ?? count
  // Two texts each, which count twice.
  const atMost = Math.floor(MAX_CHARACTERS / (4 * characters))
  ensure(count > atMost, 'more is added than there is room for')
  return [
    {
      name: `conversations of ${4 * characters} characters kept of ${count}, the newest`,
      measured: `${kept.length}, from ${first} to ${kept.at(-1)}`,
      limit: `at most ${atMost}, without a gap to the newest`,
      isMet: kept.length <= atMost && kept.length > 0.9 * atMost && kept.length === count - first,
    },
  ]
}
