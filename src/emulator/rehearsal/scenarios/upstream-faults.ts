import { ask } from '../ask.ts'
import { expectOneModelCall } from '../count-checks.ts'
import { assistant, GREETING, user } from '../messages.ts'
import { LANGUAGE_DETECTION } from '../platform-tools.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { newWord } from '../unique-word.ts'

interface FaultyModel {
  readonly title: string
  readonly words: string
  readonly lastsMs?: number
  readonly cascadeTimeoutMs?: number
  /** The answer must hold the topic; otherwise any spoken apology will do. */
  readonly answersTopic?: boolean
}

const MODELS: Readonly<Record<string, FaultyModel>> = {
  'slow-model': {
    title: 'The model needs 2 s to its first word',
    words: 'Think for two seconds about',
    lastsMs: 2200,
    answersTopic: true,
  },
  'very-slow-model': {
    title: 'The model needs 12 s and the cascade timeout is 15 s',
    words: 'Think for twelve seconds about',
    cascadeTimeoutMs: 15_000,
    lastsMs: 12_500,
    answersTopic: true,
  },
  'model-stalls': {
    title: 'The model falls silent in the middle of its reply',
    words: 'Fall silent about',
    lastsMs: 8000,
    answersTopic: true,
  },
  'model-breaks-off': {
    title: 'The model hangs up in the middle of its reply',
    words: 'Break off about',
    answersTopic: true,
  },
  'model-fails': { title: 'The model fails at once', words: 'Please fail at once about' },
  'model-is-empty': {
    title: 'The model completes with nothing',
    words: 'Please say nothing at all about',
  },
  'model-only-thinks': { title: 'The model only thinks', words: 'Please only think about it and' },
}

export const UPSTREAM_FAULTS: readonly Scenario[] = [
  ...Object.entries(MODELS).map(([name, model]): Scenario => ({
    number: 17,
    name,
    title: model.title,
    needs: 'script',
    ...(model.lastsMs !== undefined && { lastsMs: model.lastsMs }),
    ...(model.cascadeTimeoutMs !== undefined && { cascadeTimeoutMs: model.cascadeTimeoutMs }),
    play: (stage) => faultyModel(stage, model),
  })),
  {
    number: 17,
    name: 'model-only-calls',
    title: 'The model calls a tool and says nothing',
    needs: 'script',
    play: onlyCalls,
  },
]

/** Whatever the model does, the caller hears something, and the call goes on. */
async function faultyModel(
  stage: Stage,
  { words, answersTopic = false }: FaultyModel,
): Promise<void> {
  const call = stage.newCall()
  const [topic, word] = [newWord(), newWord()]
  const messages = [GREETING, user(`${words} ${topic}.`)]
  const answer = await ask(stage, call, {
    messages,
    ...(answersTopic && { says: topic }),
    kind: 'new',
  })
  await ask(stage, call, {
    messages: [...messages, assistant(answer.text), user(`Now just say ${word}.`)],
    says: word,
  })
  expectOneModelCall(stage, call, word)
}

async function onlyCalls(stage: Stage): Promise<void> {
  const messages = [GREETING, user('Please speak Spanish.')]
  const calls = ['language_detection']
  await ask(stage, stage.newCall(), { messages, tools: [LANGUAGE_DETECTION], calls })
}
