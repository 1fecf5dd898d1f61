import { describe, expect, it } from 'vitest'
import { refusalCode, retryAfterMs } from '../../src/upstream/refusal.ts'

describe('retryAfterMs', () => {
  const now = new Date('2026-11-20T12:00:00Z')

  it.each([
    ['nothing', {}, undefined],
    ['seconds', { 'retry-after': '7' }, 7000],
    ['parts of a second', { 'retry-after': '0.5' }, 500],
    ['milliseconds, which go first', { 'retry-after-ms': '250', 'retry-after': '1' }, 250],
    ['a date', { 'retry-after': 'Fri, 20 Nov 2026 12:00:30 GMT' }, 30_000],
    ['a date that is past', { 'retry-after': 'Fri, 20 Nov 2026 11:00:00 GMT' }, 0],
    ['more than five minutes', { 'retry-after': '86400' }, 300_000],
    ['nonsense', { 'retry-after': 'soon' }, undefined],
    ['milliseconds that are none', { 'retry-after-ms': 'x', 'retry-after': '2' }, 2000],
    ['two headers', { 'retry-after': ['1', '2'] }, undefined],
  ])('reads %s', (_, headers, waitMs) => {
    expect(retryAfterMs(headers, now)).toBe(waitMs)
  })
})

describe('refusalCode', () => {
  it.each([
    ['the code', '{"error":{"code":"rate_limit_exceeded","type":"tokens"}}', 'rate_limit_exceeded'],
    ['else the type', '{"error":{"code":null,"type":"tokens"}}', 'tokens'],
    [
      'a number for nothing',
      '{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}',
      'RESOURCE_EXHAUSTED',
    ],
    ['an error in a list', '[{"error":{"code":"x"}}]', 'x'],
    [
      'an error without a wrapper',
      '{"object":"error","type":"invalid_request_error"}',
      'invalid_request_error',
    ],
    ['nothing from words', '{"error":{"code":"you said: hello"}}', undefined],
    ['nothing from a text', '{"error":"insufficient_quota"}', undefined],
    ['nothing from what is too long', `{"error":{"code":"${'x'.repeat(65)}"}}`, undefined],
    ['nothing from no JSON', '<html>', undefined],
  ])('takes %s', (_, body, code) => {
    expect(refusalCode(body)).toBe(code)
  })
})
