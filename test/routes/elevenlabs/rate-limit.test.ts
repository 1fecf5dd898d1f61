import { expect, test } from 'vitest'
import { createRateLimit } from '../../../src/routes/elevenlabs/rate-limit.ts'

function start(perMinute: number) {
  const clock = { now: 0 }
  return { clock, take: createRateLimit({ perMinute, now: () => clock.now }) }
}

test('gives as many at once as a minute has, then one whenever its time has passed', () => {
  const { clock, take } = start(3)
  expect([take('a'), take('a'), take('a'), take('a')]).toEqual([null, null, null, 20])
  clock.now = 12_000
  expect(take('a')).toBe(8)
  clock.now = 20_000
  expect([take('a'), take('a')]).toEqual([null, 20])
})

test('does not let anybody save up more than a minute has', () => {
  const { clock, take } = start(2)
  take('a')
  clock.now = 3_600_000
  expect([take('a'), take('a'), take('a')]).toEqual([null, null, 30])
})

test('knows each by its name', () => {
  const { take } = start(1)
  expect([take('a'), take('b'), take('a')]).toEqual([null, null, 60])
})

test('never tells anybody to come again at once', () => {
  const { clock, take } = start(10_000)
  for (let count = 0; count < 10_000; count++) take('a')
  expect(take('a')).toBe(1)
  clock.now = 6
  expect(take('a')).toBe(null)
})
