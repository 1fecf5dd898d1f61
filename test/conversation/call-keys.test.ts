import { describe, expect, it } from 'vitest'
import { createKeyResolver, type KeyMaterial } from '../../src/conversation/conversation-key.ts'
import { DEFAULT_KEY_SOURCES } from '../../src/conversation/options.ts'
import type { Platform } from '../../src/conversation/platforms.ts'

const CALL = { call_id: 'c1', conversation_id: 'c2', id: 'c3' }

function find(
  platform: Platform,
  more: Partial<KeyMaterial> = {},
  sources: readonly string[] = DEFAULT_KEY_SOURCES,
) {
  const empty = { headers: {}, query: {}, body: {}, extraBody: {} }
  return createKeyResolver(sources)('', { platform, ...empty, call: CALL, ...more })
}

describe('the key of a call on a socket', () => {
  it.each([
    ['retell', 'call.call_id', 'c1'],
    ['speech_engine', 'call.conversation_id', 'c2'],
    ['conversation_relay', 'call.id', 'c3'],
  ] as const)('of %s is %s', (platform, source, key) => {
    expect(find(platform)).toEqual({ key, source })
  })

  it('is nothing to other platforms', () => expect(find('other')).toBeNull())

  it('comes before the default sources', () => {
    const headers = { 'x-conversation-id': 'h1' }
    expect(find('retell', { headers })?.key).toBe('c1')
  })

  it('is the only one, whatever sources somebody wrote down', () => {
    const headers = { 'x-call': 'h1' }
    expect(find('retell', { headers }, ['header.x-call'])?.key).toBe('c1')
  })

  it('may be such a written source itself', () => {
    expect(find('other', {}, ['call.id'])).toEqual({ key: 'c3', source: 'call.id' })
  })
})
