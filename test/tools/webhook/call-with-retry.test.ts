import { expect, it } from 'vitest'
import { callWithRetry } from '../../../src/tools/webhook/call-with-retry.ts'
import type { HttpResult } from '../../../src/tools/webhook/http-call.ts'

const busy: HttpResult = { type: 'answer', status: 503, text: '' }
const gateway: HttpResult = { type: 'answer', status: 504, text: '' }
const fine: HttpResult = { type: 'answer', status: 200, text: '{}' }
const unsent: HttpResult = { type: 'failure', sent: false, why: 'broken', code: 'ECONNREFUSED' }
const cut: HttpResult = { type: 'failure', sent: true, why: 'broken', code: 'ECONNRESET' }

/** Tries that end so, one after the other; the last one goes on for ever. */
async function play(results: readonly HttpResult[], turn = new AbortController()) {
  const limits: number[] = []
  let retries = 0
  const ended = await callWithRetry({
    send: async (timeoutMs) => {
      limits.push(timeoutMs)
      const result = results[Math.min(limits.length, results.length) - 1]
      if (!result) throw new Error('nothing to answer with')
      return result
    },
    mayRepeat: true,
    signal: turn.signal,
    timeoutMs: 10_000,
    onRetry: () => {
      retries += 1
      if (results.length === 1) turn.abort()
    },
  })
  return { ...ended, limits, retries }
}

it('gives the second try the time that is left after the pause', async () => {
  const { result, limits } = await play([busy, fine])
  expect(result).toEqual(fine)
  expect(limits).toHaveLength(2)
  expect(limits[0]).toBe(10_000)
  expect(limits[1]).toBeLessThan(9_910)
})

it('makes no second try when it is cancelled in the pause', async () => {
  expect(await play([busy])).toMatchObject({ result: busy, limits: [10_000] })
})

it('makes no second try when it was cancelled before', async () => {
  const turn = new AbortController()
  turn.abort()
  expect(await play([busy, fine], turn)).toMatchObject({
    result: busy,
    limits: [10_000],
    retries: 0,
  })
})

it.each([
  ['the first answer holds if the second try is never sent', [busy, unsent], busy, false],
  ['the second answer counts after one that said to come again', [busy, fine], fine, false],
  ['it is in doubt after a try that broke', [cut, busy], busy, true],
  ['it is in doubt after a try that a gateway gave up', [gateway, busy], busy, true],
  [
    'a gateway that gave up holds if the second try is never sent',
    [gateway, unsent],
    gateway,
    false,
  ],
  [
    'it is in doubt after a try that broke, though the second was not sent',
    [cut, unsent],
    unsent,
    true,
  ],
  ['it is not in doubt after a try that was never sent', [unsent, busy], busy, false],
] as const)('%s', async (_, results, result, isInDoubt) => {
  expect(await play(results)).toMatchObject({ result, isInDoubt })
})
