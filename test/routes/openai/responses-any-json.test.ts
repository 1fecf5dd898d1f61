import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fakeEngine } from '../../support/fake-engine.ts'
import { listeningApp } from '../../support/listening-app.ts'

const KEYS = [
  'type',
  'role',
  'content',
  'call_id',
  'name',
  'arguments',
  'output',
  'tool_calls',
  'text',
  'image_url',
  'file_data',
  '__proto__',
  'constructor',
] as const
const TYPES = ['message', 'function_call', 'function_call_output', 'reasoning'] as const
const PART_TYPES = ['input_text', 'output_text', 'input_image', 'input_file', 'function'] as const

const anything = fc.jsonValue({ maxDepth: 4 })
const word = fc.oneof(fc.constantFrom(...TYPES, ...PART_TYPES, 'user', 'assistant'), anything)

// Objects that look like items and their parts at every level, so that the readers are reached.
const { part } = fc.letrec((tie) => ({
  part: fc.oneof(
    { depthSize: 'small' },
    word,
    fc.array(tie('part'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('part'), { maxKeys: 5 }),
  ),
}))
const item = fc
  .record({
    own: fc.record(
      {
        type: fc.constantFrom(...TYPES),
        role: fc.constantFrom('user', 'assistant', 'system', 'developer', 'tool'),
        name: fc.constantFrom('look', ''),
      },
      { requiredKeys: ['role'] },
    ),
    rest: fc.dictionary(fc.constantFrom(...KEYS), part),
  })
  .map(({ own, rest }) => ({ ...rest, ...own }))
const input = fc.oneof(
  { weight: 3, arbitrary: fc.array(item, { maxLength: 5 }) },
  fc.array(part, { maxLength: 3 }),
  fc.string(),
  anything,
)
const field = fc.constantFrom(
  'instructions',
  'model',
  'stream',
  'tools',
  'tool_choice',
  'temperature',
  'max_output_tokens',
  'reasoning',
  'background',
  'extra_body',
  '__proto__',
)
const request = fc
  .record({ input, rest: fc.dictionary(field, part) })
  .map(({ input, rest }) => ({ ...rest, input }))

test('any JSON whatsoever gets a response or is refused as OpenAI would', async () => {
  const engine = fakeEngine()
  const { server } = await listeningApp({ engine })
  await fc.assert(
    fc.asyncProperty(fc.oneof({ weight: 4, arbitrary: request }, anything), async (body) => {
      const response = await server.inject({
        method: 'POST',
        url: '/v1/responses',
        payload: JSON.stringify(body),
      })
      if (response.statusCode === 200) return
      expect(response.statusCode).toBe(400)
      expect(response.json()).toMatchObject({
        error: {
          type: 'invalid_request_error',
          code: 'invalid_request',
          message: expect.any(String) as string,
        },
      })
    }),
    { numRuns: 500 },
  )
  // Some got through, or this would have tested only the front door.
  expect(engine.requests.length).toBeGreaterThan(100)
  for (const { messages, platformTools, parameters } of engine.requests) {
    expect(() => JSON.stringify({ messages, platformTools, parameters })).not.toThrow()
  }
})
