import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expectAnswersOrRefusals } from '../../support/any-request.ts'
import { listeningApp } from '../../support/listening-app.ts'

const KEYS = [
  'role',
  'content',
  'tool_calls',
  'function_call',
  'function',
  'name',
  'arguments',
  'id',
  'type',
  'text',
  'image_url',
  'tool_call_id',
  '__proto__',
  'constructor',
] as const
const ROLES = ['system', 'developer', 'user', 'assistant', 'tool', 'function'] as const

const anything = fc.jsonValue({ maxDepth: 4 })
const word = fc.oneof(fc.constantFrom(...ROLES, ...KEYS, 'function', 'input_text'), anything)

// Objects that look like messages and their parts at every level, so that the readers are reached.
const { part } = fc.letrec((tie) => ({
  part: fc.oneof(
    { depthSize: 'small' },
    word,
    fc.array(tie('part'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('part'), { maxKeys: 5 }),
  ),
}))
const message = fc
  .record({
    role: fc.constantFrom(...ROLES),
    rest: fc.dictionary(fc.constantFrom(...KEYS.slice(1)), part),
  })
  .map(({ role, rest }) => ({ ...rest, role }))
const field = fc.constantFrom(
  'messages',
  'model',
  'stream',
  'stream_options',
  'tools',
  'functions',
  'tool_choice',
  'temperature',
  'max_tokens',
  'stop',
  'user',
  'elevenlabs_extra_body',
  'extra_body',
  '__proto__',
)
const request = fc
  .record({
    messages: fc.oneof(
      fc.array(message, { maxLength: 5 }),
      fc.array(part, { maxLength: 3 }),
      anything,
    ),
    rest: fc.dictionary(
      field.filter((key) => key !== 'messages'),
      part,
    ),
  })
  .map(({ messages, rest }) => ({ ...rest, messages }))

test('any JSON whatsoever gets an answer or is refused as OpenAI would', async () => {
  const bodies = fc.oneof({ weight: 4, arbitrary: request }, anything)
  await expectAnswersOrRefusals(bodies, { url: '/v1/chat/completions', numRuns: 1500 })
})

test('bytes that are no JSON are refused', async () => {
  const { server } = await listeningApp()
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
      const { statusCode } = await server.inject({
        method: 'POST',
        url: '/v1/chat/completions',
        payload: Buffer.from(bytes),
      })
      expect(statusCode).toBe(400)
    }),
    { numRuns: 300 },
  )
})
