import { ask, expectHeader, expectKind, judgeAnswer, judgeTries } from '../ask.ts'
import { expectAborted, expectEnded, expectOneModelCall } from '../count-checks.ts'
import { assistant, GREETING, user } from '../messages.ts'
import type { Posting } from '../post.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { newWord } from '../unique-word.ts'

const GROWTH = 8
const RESEND_MS = 150
/** The longest time between a transcript and its revision that was measured. */
const REVISION_MS = 2800
const LATE_PREFIX_MS = 200

export const REVISIONS: readonly Scenario[] = [
  {
    number: 5,
    name: 'growing',
    title: 'The transcript grows every 150 ms, older sockets closed',
    needs: 'script',
    lastsMs: 3500,
    play: (stage) => growing(stage, { closesOlder: true }),
  },
  {
    number: 5,
    name: 'growing-left-open',
    title: 'The transcript grows every 150 ms, older sockets left open',
    needs: 'script',
    lastsMs: 3500,
    play: (stage) => growing(stage, { closesOlder: false }),
  },
  {
    number: 6,
    name: 'revised-late',
    title: 'The transcript is revised 2.8 s after it was answered',
    lastsMs: 3200,
    play: revisedLate,
  },
  {
    number: 7,
    name: 'late-prefix',
    title: 'A shorter transcript arrives after the longer one',
    needs: 'script',
    lastsMs: 2500,
    play: latePrefix,
  },
  {
    number: 9,
    name: 'withdrawn',
    title: 'The history goes back: fewer user messages than before',
    play: withdrawn,
  },
]

async function growing(
  stage: Stage,
  { closesOlder }: { readonly closesOlder: boolean },
): Promise<void> {
  const call = stage.newCall()
  const words = Array.from({ length: GROWTH + 1 }, newWord)
  const textOf = (length: number) => `Slowly say ${words.slice(0, length).join(' ')}`
  const older: Posting[] = []
  for (let length = 1; length <= GROWTH; length++) {
    older.push(call.open({ messages: [GREETING, user(textOf(length))] }))
    await stage.wait(RESEND_MS)
    if (closesOlder) older.at(-1)?.leave()
  }
  const last = words.at(-1) ?? ''
  const since = performance.now()
  await ask(stage, call, {
    messages: [GREETING, user(textOf(GROWTH + 1))],
    says: last,
    kind: 'revised',
  })
  await expectEnded(stage, older)
  expectOneModelCall(stage, call, last)
  await expectAborted(stage, call, { isReplaced: (text) => !text.includes(last), since })
}

async function revisedLate(stage: Stage): Promise<void> {
  const call = stage.newCall()
  const [first, second] = [newWord(), newWord()]
  const answered = [GREETING, user(`Please say ${first}.`)]
  await ask(stage, call, { messages: answered, says: first, kind: 'new' })
  await stage.wait(REVISION_MS)
  const revised = await ask(stage, call, {
    messages: [GREETING, user(`Please just say ${second}.`)],
    says: second,
    notSays: [first],
    kind: 'revised',
  })
  expectHeader(stage, revised, { exchange: '1' })
  expectOneModelCall(stage, call, second)
}

async function latePrefix(stage: Stage): Promise<void> {
  const call = stage.newCall()
  const [first, second] = [newWord(), newWord()]
  const whole = { messages: [GREETING, user(`Slowly say ${first} and ${second}`)], says: second }
  const long = call.open(whole)
  await stage.wait(LATE_PREFIX_MS)
  const short = call.open({ messages: [GREETING, user(`Slowly say ${first}`)] })
  const [prefix] = await expectEnded(stage, [short])
  const answer = await long.ended
  if (stage.isOver() || !prefix) return
  judgeTries(stage, [answer])
  judgeAnswer(stage, answer, whole)
  expectOneModelCall(stage, call, second)
  expectKind(stage, prefix, 'late')
}

async function withdrawn(stage: Stage): Promise<void> {
  const call = stage.newCall()
  const [first, third, instead] = [newWord(), newWord(), newWord()]
  const one = [GREETING, user(`Please say ${first}.`)]
  const a = await ask(stage, call, { messages: one, says: first })
  const heard = [...one, assistant(a.text)]
  const two = [...heard, user('Please go to billing.')]
  const b = await ask(stage, call, { messages: two })
  const three = [...two, assistant(b.text), user(`Please say ${third}.`)]
  const c = await ask(stage, call, { messages: three, says: third })
  // Only a server whose flow knows the way there says so.
  if (b.text.includes('Billing here')) expectHeader(stage, c, { state: 'billing' })
  const back = await ask(stage, call, {
    messages: [...heard, user(`Please say ${instead}.`)],
    says: instead,
    notSays: [third, 'Billing'],
    kind: 'withdrawn',
  })
  expectHeader(stage, back, { exchange: '2', state: b.headers['x-turnstate-state'] })
  expectOneModelCall(stage, call, instead)
}
