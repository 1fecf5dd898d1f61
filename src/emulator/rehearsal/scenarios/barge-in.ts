import { ask, expectHeader } from '../ask.ts'
import { expectAborted, expectOneModelCall } from '../count-checks.ts'
import { assistant, GREETING, user, type Message } from '../messages.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { newWord } from '../unique-word.ts'

/** Enough for some words of the story, while most of it is still to come. */
const HEARD_CHARACTERS = 50
const MIN_WORDS = 5

/** What the next history shows of the reply that the caller spoke over. */
interface Aftermath {
  readonly history: (story: string, heard: string, next: string) => readonly Message[]
  readonly kind: string
  readonly exchange: string
}

const AFTERMATHS = {
  'with-dots': {
    history: (story, heard, next) => [
      user(story),
      assistant(`${firstWords(heard)}...`),
      user(next),
    ],
    kind: 'new',
    exchange: '2',
  },
  'without-dots': {
    history: (story, heard, next) => [user(story), assistant(firstWords(heard)), user(next)],
    kind: 'new',
    exchange: '2',
  },
  'in-mid-word': {
    history: (story, heard, next) => [
      user(story),
      assistant(firstWords(heard).slice(0, -1)),
      user(next),
    ],
    kind: 'new',
    exchange: '2',
  },
  'two-users-in-a-row': {
    history: (story, _, next) => [user(story), user(next)],
    kind: 'revised',
    exchange: '1',
  },
  merged: {
    history: (story, _, next) => [user(`${story} ${next}`)],
    kind: 'revised',
    exchange: '1',
  },
} as const satisfies Readonly<Record<string, Aftermath>>

const TITLES = {
  'with-dots': 'cut reply with "..." in the history',
  'without-dots': 'cut reply in the history',
  'in-mid-word': 'reply cut in the middle of a word',
  'two-users-in-a-row': 'reply missing, two user messages in a row',
  merged: 'reply missing, the user texts are one',
} as const satisfies Record<keyof typeof AFTERMATHS, string>

const NAMES: readonly (keyof typeof AFTERMATHS)[] = [
  'with-dots',
  'without-dots',
  'in-mid-word',
  'two-users-in-a-row',
  'merged',
]

export const BARGE_INS: readonly Scenario[] = NAMES.map((name) => ({
  number: 8,
  name: `barge-in-${name}`,
  title: `The caller speaks over the reply: ${TITLES[name]}`,
  needs: 'script',
  play: (stage) => bargeIn(stage, AFTERMATHS[name]),
}))

async function bargeIn(stage: Stage, { history, kind, exchange }: Aftermath): Promise<void> {
  const call = stage.newCall()
  const [topic, word] = [newWord(), newWord()]
  const story = `Tell me the long story about ${topic}.`
  const posting = call.open({ messages: [GREETING, user(story)] })
  await posting.heard(HEARD_CHARACTERS)
  posting.leave()
  const cut = await posting.ended
  if (cut.text.length < HEARD_CHARACTERS) {
    stage.fault(
      'the reply did not begin to stream',
      'the caller would have had nothing to speak over',
    )
    return
  }
  const since = performance.now()
  const next = `Stop, just say ${word}.`
  const answer = await ask(stage, call, {
    messages: [GREETING, ...history(story, cut.text, next)],
    says: word,
    notSays: ['Once there was a clerk'],
    kind,
  })
  expectHeader(stage, answer, { exchange })
  if (kind === 'new') expectHeader(stage, answer, { heard: 'partial' })
  expectOneModelCall(stage, call, word)
  await expectAborted(stage, call, { isReplaced: (text) => !text.includes(word), since })
}

/** What was heard: a few whole words, fewer than were sent. */
function firstWords(text: string): string {
  return text
    .split(/\s+/)
    .slice(0, MIN_WORDS + 1)
    .join(' ')
}
