import { beforeEach, describe, expect, it } from 'vitest'
import { createReadMemory, READ_RETAIN_MS, type ReadMemory } from '../../src/effects/read-memory.ts'
import type { ToolOutcome } from '../../src/tools/tool-runner.ts'

const ok = (content: string): ToolOutcome => ({ status: 'ok', content })

let now: number
let reads: ReadMemory

beforeEach(() => {
  now = 0
  reads = createReadMemory({ now: () => now })
})

describe('the memory of reads', () => {
  it('gives what a read said for a while, counted from when it was read', () => {
    reads.remember('a', ok('ten'))
    now = READ_RETAIN_MS - 1
    expect(reads.find('a')).toEqual(ok('ten'))
    expect(reads.find('b')).toBeUndefined()
    now = READ_RETAIN_MS
    expect(reads.find('a')).toBeUndefined()
  })

  it('forgets what went before when the same read is made again', () => {
    reads.remember('a', ok('ten'))
    now = 10_000
    reads.remember('a', ok('eleven'))
    now = 20_000
    expect(reads.find('a')).toEqual(ok('eleven'))
  })

  it.each(['failed', 'unknown'] as const)('does not remember what is %s', (status) => {
    reads.remember('a', { status, content: 'no' })
    expect(reads.find('a')).toBeUndefined()
  })

  it('lets the oldest go when there are too many', () => {
    for (let at = 0; at <= 2000; at++) reads.remember(`${at}`, ok('ten'))
    expect(reads.find('0')).toBeUndefined()
    expect(reads.find('1')).toEqual(ok('ten'))
    expect(reads.find('2000')).toEqual(ok('ten'))
  })

  it('lets the oldest go when they are too large together', () => {
    const value = 'x'.repeat(2_000_000)
    for (const id of ['a', 'b', 'c']) reads.remember(id, { ...ok('large'), value })
    expect(['a', 'b', 'c'].map((id) => reads.find(id) !== undefined)).toEqual([false, true, true])
  })
})
