import { ask, expectHeader } from '../ask.ts'
import { expectOneModelCall } from '../count-checks.ts'
import { assistant, GREETING, systemText, user } from '../messages.ts'
import { END_CALL_WITH_SPEECH } from '../platform-tools.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { newWord } from '../unique-word.ts'

export const TRANSFERS: readonly Scenario[] = [
  {
    number: 18,
    name: 'agent-transfer',
    title: 'Another agent goes on with the same conversation and its history',
    play: agentTransfer,
  },
  {
    number: 19,
    name: 'reconnect',
    title: 'A caller who was cut off calls again: new id, same user',
    play: reconnect,
  },
]

async function agentTransfer(stage: Stage): Promise<void> {
  const call = stage.newCall()
  const [first, second] = [newWord(), newWord()]
  const before = [GREETING, user(`Please say ${first}.`)]
  const answer = await ask(stage, call, { messages: before, says: first })
  const foreign = [user('Billing, please.'), assistant('I am putting you through to billing.')]
  await ask(stage, call, {
    messages: [...before, assistant(answer.text), ...foreign, user(`Please say ${second}.`)],
    system: systemText(call.id, 'You are the billing agent. You only talk about bills.'),
    tools: [END_CALL_WITH_SPEECH],
    body: { model: 'billing-agent' },
    says: second,
    notSays: [first],
    kind: 'new',
  })
  expectOneModelCall(stage, call, second)
}

async function reconnect(stage: Stage): Promise<void> {
  const body = {
    user_id: 'user-of-the-rehearsal',
    elevenlabs_extra_body: { user_token: 'same-user' },
  }
  const [first, second] = [newWord(), newWord()]
  const messages = [GREETING, user(`Please say ${first}.`)]
  const dropped = await ask(stage, stage.newCall(), { messages, body, says: first })
  const call = stage.newCall()
  const again = await ask(stage, call, {
    messages: [GREETING, user(`Please say ${second}.`)],
    body,
    says: second,
    notSays: [first],
    kind: 'new',
  })
  expectHeader(stage, again, { exchange: '1' })
  const conversation = 'x-turnstate-conversation'
  const seen = again.headers[conversation]
  if (seen !== undefined && seen === dropped.headers[conversation]) {
    stage.fault(
      'two calls were taken for one conversation',
      'callers would hear one another’s answers',
    )
  }
  expectOneModelCall(stage, call, second)
}
