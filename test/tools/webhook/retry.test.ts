import { describe, expect, it } from 'vitest'
import type { HttpResult } from '../../../src/tools/webhook/http-call.ts'
import { retryAfterMs } from '../../../src/tools/webhook/retry-after.ts'
import { mayBeDone, pauseBeforeRetry } from '../../../src/tools/webhook/retry.ts'

const safe = { mayRepeat: true, leftMs: 5000, random: 0 }
const answer = (status: number, askedMs?: number): HttpResult => ({
  type: 'answer',
  status,
  text: '',
  ...(askedMs === undefined ? {} : { retryAfterMs: askedMs }),
})

describe('pauseBeforeRetry', () => {
  it.each([429, 502, 503, 504])('repeats a safe call that was answered %s', (status) => {
    expect(pauseBeforeRetry(answer(status), safe)).toBe(100)
    expect(pauseBeforeRetry(answer(status), { ...safe, random: 1 })).toBe(200)
    expect(pauseBeforeRetry(answer(status), { ...safe, mayRepeat: false })).toBeNull()
  })

  it.each([200, 204, 301, 400, 404, 409, 500, 501])('repeats nothing answered %s', (status) => {
    expect(pauseBeforeRetry(answer(status), safe)).toBeNull()
  })

  it.each(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])('repeats a safe call after %s', (code) => {
    const broken: HttpResult = { type: 'failure', sent: true, why: 'broken', code }
    expect(pauseBeforeRetry(broken, safe)).toBe(100)
    expect(pauseBeforeRetry(broken, { ...safe, mayRepeat: false })).toBeNull()
  })

  it('repeats what was never sent, whatever it is', () => {
    const unsent: HttpResult = { type: 'failure', sent: false, why: 'broken', code: 'ECONNREFUSED' }
    expect(pauseBeforeRetry(unsent, { ...safe, mayRepeat: false })).toBe(100)
  })

  it.each(['timeout', 'cancelled', 'too_large', 'refused'] as const)(
    'repeats nothing that ended by %s',
    (why) => {
      expect(pauseBeforeRetry({ type: 'failure', sent: false, why }, safe)).toBeNull()
    },
  )

  it('waits as long as it is asked to, if there is time for that and for the call', () => {
    expect(pauseBeforeRetry(answer(429, 1000), safe)).toBe(1000)
    expect(pauseBeforeRetry(answer(429, 0), safe)).toBe(100)
    expect(pauseBeforeRetry(answer(429, 4900), safe)).toBe(4900)
    expect(pauseBeforeRetry(answer(429, 4901), safe)).toBeNull()
    expect(pauseBeforeRetry(answer(503), { ...safe, leftMs: 199 })).toBeNull()
  })
})

describe('mayBeDone', () => {
  it.each([502, 504])('is true of %s, which a gateway answers', (status) => {
    expect(mayBeDone(answer(status))).toBe(true)
  })

  it.each([400, 409, 429, 500, 501, 503, 505])('is false of %s', (status) => {
    expect(mayBeDone(answer(status))).toBe(false)
  })

  it.each([true, false])('is %s of a failure by whether it was sent', (sent) => {
    expect(mayBeDone({ type: 'failure', sent, why: 'broken' })).toBe(sent)
  })
})

describe('retryAfterMs', () => {
  const now = Date.parse('2026-11-20T10:00:00Z')

  it.each([
    ['3', 3000],
    [' 0 ', 0],
    ['Fri, 20 Nov 2026 10:00:02 GMT', 2000],
    ['Fri, 20 Nov 2026 09:00:00 GMT', 0],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('reads %j as %s', (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms)
  })
})
