import fc from 'fast-check'
import { test } from 'vitest'
import { expectAnswersOrRefusals } from '../../support/any-request.ts'

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
  const bodies = fc.oneof({ weight: 4, arbitrary: request }, anything)
  await expectAnswersOrRefusals(bodies, { url: '/v1/responses', numRuns: 500 })
})
