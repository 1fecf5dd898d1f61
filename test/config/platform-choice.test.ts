import { describe, expect, it } from 'vitest'
import { PLATFORMS } from '../../src/conversation/platforms.ts'
import { configOf, MINIMAL, parse, problemsOf } from '../support/parse-config.ts'

const SOCKETS = ['retell', 'speech_engine', 'conversation_relay']
const withKey = (platform: string) =>
  MINIMAL.replace(
    'auth: { signing_secret: 0123456789abcdef }',
    `auth: { signing_secret: 0123456789abcdef, keys: [{ name: desk, secret: "12345678", platform: ${platform} }] }`,
  )

describe('the platform of a configuration', () => {
  it('is what each request looks like unless it is named', () => {
    expect(configOf(parse(MINIMAL)).platform).toBe('auto')
  })

  it.each(PLATFORMS.filter((platform) => !SOCKETS.includes(platform)))(
    'can be %s, and so can that of a key',
    (platform) => {
      expect(configOf(parse(`${MINIMAL}platform: ${platform}\n`)).platform).toBe(platform)
      expect(configOf(parse(withKey(platform))).auth.keys[0]?.platform).toBe(platform)
    },
  )

  it.each(['elevenlab', ...SOCKETS])('cannot be %s', (platform) => {
    expect(problemsOf(parse(`${MINIMAL}platform: ${platform}\n`)).join()).toContain('platform')
    expect(problemsOf(parse(withKey(platform))).join()).toContain('auth.keys[0].platform')
  })

  it('of a key cannot be left to its requests', () => {
    expect(parse(withKey('auto')).ok).toBe(false)
  })
})
