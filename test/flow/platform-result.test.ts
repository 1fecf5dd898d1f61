import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { platformResultStatus } from '../../src/flow/platform-result.ts'

describe('the result of a platform tool', () => {
  it.each([
    '{"status":"error"}',
    ' \n{"status":"error","message":"no"}',
    '{"error":"not found"}',
    '{"error":null}',
    '{"is_error":true}',
    'Client tool execution failed: no map',
    'Client tool with name x is not defined on client',
  ])('%s has failed', (content) => expect(platformResultStatus(content)).toBe('failed'))

  it.each([
    '',
    'done',
    'error',
    'Client tool execution successful.',
    'The Client tool execution failed before',
    '{}',
    '{"status":"ok"}',
    '{"status":"Error"}',
    '{"is_error":false}',
    '{"is_error":"true"}',
    '{"data":{"error":1}}',
    '[{"error":1}]',
    '"error"',
    'null',
    '{"error":',
    '{"a":'.repeat(100_000),
  ])('%.40s is ok', (content) => expect(platformResultStatus(content)).toBe('ok'))

  it('is one or the other for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (content) => {
        expect(['ok', 'failed']).toContain(platformResultStatus(content))
      }),
    )
  })
})
