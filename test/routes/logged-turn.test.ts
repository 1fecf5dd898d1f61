import { describe, expect, test } from 'vitest'
import { fakeEngine } from '../support/fake-engine.ts'
import { listeningApp, post } from '../support/listening-app.ts'

const CHAT = '/v1/chat/completions'
const BODY = { messages: [{ role: 'user', content: 'Hello' }] }

describe('the log', () => {
  test('has one line for a turn, without a word of it', async () => {
    const engine = fakeEngine({
      facts: { conversation: 'conv_secret' },
      events: [{ type: 'text-delta', text: 'Psst.' }],
    })
    const app = await listeningApp({ engine })
    const messages = [
      { role: 'system', content: 'Prompt' },
      { role: 'assistant', content: 'Greeting' },
      { role: 'user', content: 'Whisper' },
    ]
    await (await post(app.url + CHAT, { messages, stream: true })).text()
    const lines = app.lines.filter((line) => line.message === 'turn ended')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      level: 'info',
      values: {
        kind: 'new',
        state: 'identify',
        exchange: 1,
        confidence: 'exact',
        keySource: 'header.x-conversation-id',
        roles: { system: 1, user: 1, assistant: 1, tool: 0 },
        tailRole: 'user',
        userMessages: 1,
        stream: true,
        finish: 'stop',
        closedByCaller: false,
      },
    })
    expect(JSON.stringify(app.lines)).not.toMatch(/Psst|Prompt|Greeting|Whisper/)
  })

  test.each([true, false])(
    'tells the first text from the first answer: %j',
    async (hasAnswered) => {
      const engine = fakeEngine({ hasAnswered: () => hasAnswered })
      const app = await listeningApp({ engine })
      await (await post(app.url + CHAT, { ...BODY, stream: true })).text()
      const [line] = app.lines.filter(({ message }) => message === 'turn ended')
      const { firstTextMs, firstAnswerMs } = line?.values ?? {}
      expect(firstTextMs).toBeTypeOf('number')
      expect(firstAnswerMs).toBe(hasAnswered ? firstTextMs : null)
    },
  )

  test('says once how to give conversations a key', async () => {
    const app = await listeningApp({
      engine: fakeEngine({ facts: { conversation: null, keySource: 'none' } }),
    })
    await post(app.url + CHAT, BODY)
    await post(app.url + CHAT, BODY)
    const advice = app.lines.filter((line) =>
      line.message.includes('CALL_ID={{system__conversation_id}}'),
    )
    expect(advice.map((line) => line.level)).toEqual(['warn', 'debug'])
  })
})
