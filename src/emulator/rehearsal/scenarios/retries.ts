import { ask, expectHeader, expectKind, judgeAnswer, judgeTries } from '../ask.ts'
import { expectOneModelCall } from '../count-checks.ts'
import { GREETING, user } from '../messages.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { newWord } from '../unique-word.ts'

const CROWD = 8
/** Of a reply, before the platform drops the connection. */
const HEARD_CHARACTERS = 40

export const RETRIES: readonly Scenario[] = [
  {
    number: 3,
    name: 'three-tries',
    title: 'The model needs 9 s: asked again at every timeout, the old socket closed',
    needs: 'script',
    lastsMs: 9500,
    play: threeTries,
  },
  {
    number: 3,
    name: 'patient-try',
    title: 'The model needs 9 s and the cascade timeout is 15 s',
    needs: 'script',
    cascadeTimeoutMs: 15_000,
    lastsMs: 9500,
    play: threeTries,
  },
  {
    number: 3,
    name: 'cut-and-asked-again',
    title: 'The connection drops in mid-reply; the same request comes again',
    needs: 'script',
    lastsMs: 5000,
    play: cutAndAskedAgain,
  },
  {
    number: 3,
    name: 'asked-again-after-the-end',
    title: 'A whole reply is dropped before it is voiced; the same request comes again',
    play: askedAgainAfterTheEnd,
  },
  {
    number: 4,
    name: 'eight-at-once',
    title: 'Eight identical requests at once, none closed',
    needs: 'script',
    play: eightAtOnce,
  },
]

async function threeTries(stage: Stage): Promise<void> {
  if (stage.cascadeTimeoutMs * 3 < 10_000) {
    stage.skip('three tries of this cascade timeout are shorter than the 9 s of the model')
    return
  }
  const call = stage.newCall()
  const word = newWord()
  await ask(stage, call, {
    messages: [GREETING, user(`Think for nine seconds about ${word}.`)],
    says: word,
    kind: 'new',
    allowedTries: 3,
  })
  expectOneModelCall(stage, call, word)
}

async function cutAndAskedAgain(stage: Stage): Promise<void> {
  const call = stage.newCall()
  const word = newWord()
  const messages = [GREETING, user(`Tell me the long story about ${word}.`)]
  const posting = call.open({ messages })
  await posting.heard(HEARD_CHARACTERS)
  posting.leave()
  const cut = await posting.ended
  const answer = await ask(stage, call, { messages, says: word, kind: 'retry' })
  if (!stage.isOver() && !answer.text.startsWith(cut.text)) {
    stage.fault('the reply did not begin anew', 'the caller would have heard only the end of it')
  }
  expectOneModelCall(stage, call, word)
}

async function askedAgainAfterTheEnd(stage: Stage): Promise<void> {
  const call = stage.newCall()
  const word = newWord()
  const messages = [GREETING, user(`Please say ${word}.`)]
  const first = await ask(stage, call, { messages, says: word, kind: 'new' })
  const again = await ask(stage, call, { messages, says: word, kind: 'retry' })
  expectHeader(stage, again, { exchange: '1', state: first.headers['x-turnstate-state'] })
  expectOneModelCall(stage, call, word)
}

async function eightAtOnce(stage: Stage): Promise<void> {
  const call = stage.newCall()
  const word = newWord()
  const question = { messages: [GREETING, user(`Slowly say ${word}.`)], says: word }
  const postings = Array.from({ length: CROWD }, () => call.open(question))
  const answers = await Promise.all(postings.map(({ ended }) => ended))
  if (stage.signal.aborted) return
  for (const answer of answers) judgeTries(stage, [answer])
  if (new Set(answers.map(({ text }) => text)).size > 1) {
    stage.fault('the eight answers differ', 'what the caller hears would depend on chance')
  }
  const [first] = answers
  if (first) judgeAnswer(stage, first, question)
  const later = answers.filter(({ headers }) => headers['x-turnstate-kind'] !== 'new')
  if (later.length < CROWD - 1)
    stage.fault(
      'several of the eight were taken for new turns',
      'each would have been generated anew',
    )
  for (const answer of later) expectKind(stage, answer, 'retry')
  expectOneModelCall(stage, call, word)
}
