import { expect, it } from 'vitest'
import type { Log } from '../../../src/observability/log.ts'
import { createRelaySpeaker } from '../../../src/routes/conversation-relay/relay-speaker.ts'

function speakerWith(languages: [string]) {
  const sent: object[] = []
  const logged: string[] = []
  const note = (_: object, message: string) => void logged.push(message)
  const log: Log = { debug: note, info: note, warn: note, error: note }
  const socket = {
    send: (frame: object) => void sent.push(frame),
    flushed: () => Promise.resolve(),
  }
  const actions = { speak: { type: 'language', languages } } as const
  return { sent, logged, speaker: createRelaySpeaker({ socket, actions, log }) }
}

const CALL = { id: 'c1', name: 'speak', arguments: '{}' }
const END = { finishReason: 'tool_calls', isSuperseded: false, isFailed: false } as const

it('sends no frame that the platform would not take, and says so', async () => {
  const { speaker, sent, logged } = speakerWith(['x'])
  const answer = speaker.answer({ hasBegun: false, goesOn: false })
  await answer.onText('Hello.')
  answer.onCall(CALL)
  await answer.onEnd(END)
  expect(sent).toEqual([
    { type: 'text', token: 'Hello.', last: false },
    { type: 'text', token: '', last: true },
  ])
  expect(logged).toEqual(['a frame is not fit to be sent'])
})

it('goes on after what the platform was told to do, even where it cannot', async () => {
  const { speaker, logged } = speakerWith(['es-ES'])
  const outcome = { hasBegun: false, goesOn: false }
  const answer = speaker.answer(outcome)
  answer.onCall({ ...CALL, name: 'unknown' })
  await answer.onEnd(END)
  expect(outcome.goesOn).toBe(true)
  expect(logged).toEqual(['an action that the platform cannot do'])
})

it('has the platform act at once: from then on it counts as done, even if the answer is cut', async () => {
  const { speaker, sent } = speakerWith(['es-ES'])
  const answer = speaker.answer({ hasBegun: false, goesOn: false })
  await answer.onText('Sure.')
  answer.onCall(CALL)
  expect(sent).toEqual([
    { type: 'text', token: 'Sure.', last: false },
    { type: 'text', token: '', last: true },
    { type: 'language', ttsLanguage: 'es-ES', transcriptionLanguage: 'es-ES' },
  ])
  await answer.onEnd(END)
  expect(sent).toHaveLength(3)
})
