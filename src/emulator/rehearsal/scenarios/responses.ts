import { expectKind, judgeAnswer, judgeTries } from '../ask.ts'
import { systemText } from '../messages.ts'
import { post } from '../post.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { authorization } from '../target.ts'
import { newWord } from '../unique-word.ts'

const LIMIT_MS = 20_000

export const RESPONSES: readonly Scenario[] = [
  {
    number: 20,
    name: 'responses',
    title: 'The same turn as a Responses API request',
    play: responses,
  },
]

async function responses(stage: Stage): Promise<void> {
  const word = newWord()
  const { target, strict, signal } = stage
  const { id } = stage.newCall()
  stage.countRequest()
  const attempt = await post({
    url: `${target.root}/v1/responses`,
    headers: authorization(target),
    body: {
      model: target.model,
      instructions: systemText(id),
      input: [{ role: 'user', content: `Please say ${word}.` }],
      temperature: 0,
      max_output_tokens: 8192,
      stream: true,
    },
    limitMs: LIMIT_MS,
    strict,
    signal,
  }).ended
  if (attempt.status === 404 || attempt.status === 405 || attempt.status === 501) {
    stage.skip(`the server does not offer /responses (status ${attempt.status})`)
    return
  }
  judgeTries(stage, [attempt])
  judgeAnswer(stage, attempt, { says: word })
  expectKind(stage, attempt, 'new')
}
