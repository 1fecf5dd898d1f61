import { expectKind } from '../ask.ts'
import { newWord } from '../conversation-id.ts'
import { systemText } from '../messages.ts'
import { judgeTurn, judgeWords } from '../oracle.ts'
import { post } from '../post.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { authorization } from '../target.ts'

const LIMIT_MS = 20_000

export const RESPONSES: readonly Scenario[] = [
  {
    number: 20,
    name: 'responses',
    title: 'The same turn as a Responses API request',
    lastsMs: 200,
    play: responses,
  },
]

async function responses(stage: Stage): Promise<void> {
  const word = newWord()
  const { target, strict, signal, cascadeTimeoutMs } = stage
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
  stage.addFaults(judgeTurn({ tries: [attempt], cascadeTimeoutMs }, { strict, allowedTries: 1 }))
  stage.noteFirstOutput(attempt)
  if (stage.isOver()) return
  expectKind(stage, attempt, 'new')
  if (stage.followsScript) stage.addFaults(judgeWords(attempt.text, { says: word }))
}
