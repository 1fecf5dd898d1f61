import { ask, expectHeader } from '../ask.ts'
import { expectModelCalls, expectOneModelCall } from '../count-checks.ts'
import { GREETING, assistant, user } from '../messages.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { newWord } from '../unique-word.ts'

export const GREETINGS: readonly Scenario[] = [
  {
    number: 1,
    name: 'greeting',
    title: 'The caller answers the greeting',
    play: greeting,
  },
  {
    number: 2,
    name: 'opening',
    title: 'No first message: only the system text',
    play: (stage) => opening(stage, undefined),
  },
  {
    number: 2,
    name: 'opening-literal-variable',
    title: 'Only the system text, with a variable that was not filled in',
    play: (stage) => opening(stage, 'You answer the phone for {{caller_name}}.'),
  },
]

async function greeting(stage: Stage): Promise<void> {
  const call = stage.newCall()
  const [first, second] = [newWord(), newWord()]
  const messages = [GREETING, user(`Please say ${first}.`)]
  const answer = await ask(stage, call, { messages, says: first, kind: 'new' })
  expectHeader(stage, answer, { exchange: '1' })
  expectOneModelCall(stage, call, first)
  const next = await ask(stage, call, {
    messages: [...messages, assistant(answer.text), user(`Now say ${second}.`)],
    says: second,
    notSays: [first],
    kind: 'new',
  })
  expectHeader(stage, next, { exchange: '2', heard: 'full' })
  expectOneModelCall(stage, call, second)
}

async function opening(stage: Stage, prompt: string | undefined): Promise<void> {
  const call = stage.newCall(prompt)
  const answer = await ask(stage, call, { messages: [], kind: 'opening' })
  expectModelCalls(stage, call, 1)
  const word = newWord()
  const messages = [assistant(answer.text), user(`Please say ${word}.`)]
  await ask(stage, call, { messages, says: word, kind: 'new' })
  expectOneModelCall(stage, call, word)
}
