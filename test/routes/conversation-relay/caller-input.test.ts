import { describe, expect, it } from 'vitest'
import { createUtterance } from '../../../src/routes/conversation-relay/caller-input.ts'

describe('an utterance in pieces', () => {
  it.each([
    ['versions of one text', ['I need', 'I need a', 'I need a room.'], 'I need a room.'],
    ['pieces that follow each other', ['I need', 'a room.'], 'I need a room.'],
    ['versions that differ in case', ['hello', 'Hello there.'], 'Hello there.'],
    ['an empty end', ['I need a room', ''], 'I need a room'],
    ['nothing', ['', ' '], ''],
  ])('is whole whether it comes as %s', (_, pieces, whole) => {
    const utterance = createUtterance()
    for (const piece of pieces) utterance.add(piece)
    expect(utterance.take()).toBe(whole)
    expect(utterance.take()).toBe('')
  })

  it('has no more than anybody says', () => {
    const utterance = createUtterance()
    for (let count = 0; count < 20; count++) utterance.add(`${String(count)}${'x'.repeat(20_000)}`)
    expect(utterance.take()).toHaveLength(100_000)
  })
})
