import fc from 'fast-check'
import { expect, it } from 'vitest'
import { restartDelay } from '../../src/cli/restart-delay.ts'

function delaysOf(lives: readonly number[]): readonly number[] {
  const delays: number[] = []
  for (const livedMs of lives)
    delays.push(restartDelay({ livedMs, delayMs: delays.at(-1) ?? null }))
  return delays
}

it('replaces a worker at once the first time, and waits longer each time it dies soon again', () => {
  expect(delaysOf([500, 500, 500, 500, 500, 500, 500, 500])).toEqual([
    0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000,
  ])
})

it('begins anew after a worker that lived for a minute', () => {
  expect(delaysOf([500, 500, 500, 60_000, 500])).toEqual([0, 1000, 2000, 0, 1000])
})

it('never waits more than 30 seconds, and no less than before after a short life', () => {
  const life = fc.record({
    livedMs: fc.nat(200_000),
    delayMs: fc.option(fc.nat(30_000), { nil: null }),
  })
  fc.assert(
    fc.property(life, ({ livedMs, delayMs }) => {
      const delay = restartDelay({ livedMs, delayMs })
      expect(delay).toBeLessThanOrEqual(30_000)
      if (livedMs < 60_000) expect(delay).toBeGreaterThanOrEqual(delayMs ?? 0)
    }),
  )
})
