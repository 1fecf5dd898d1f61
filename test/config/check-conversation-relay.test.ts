import { describe, expect, it } from 'vitest'
import { MINIMAL, parse, problemsOf } from '../support/parse-config.ts'

/** What is said of this configuration, without the places. */
function problemsWith(more: string): readonly string[] {
  return problemsOf(parse(MINIMAL + more)).map((line) => line.replace(/^\S+ /, ''))
}

describe('ConversationRelay', () => {
  it('needs a memory once it is configured', () => {
    const none = 'store: { type: none }\n'
    const relay = 'conversation_relay: { first_speaker: agent }\n'
    expect(problemsWith(relay)).toEqual([])
    expect(problemsWith(none + relay)).toEqual([
      'error conversation_relay: needs store: memory or redis: this platform sends no history, and with store: none each turn would be the first',
    ])
    expect(problemsWith(none).filter((line) => line.includes('conversation_relay'))).toEqual([])
  })

  it.each([
    ['a source that is no URL', '{ actions: { a: { type: play, source: music.mp3 } } }'],
    ['no language', '{ actions: { a: { type: language, languages: [] } } }'],
    [
      'a language that is no code',
      '{ actions: { a: { type: language, languages: ["in Spanish"] } } }',
    ],
    ['digits that no phone has', '{ actions: { a: { type: send_digits, digits: "12a" } } }'],
    ['an action that there is not', '{ actions: { a: { type: transfer } } }'],
    ['a name that is none of a tool', '{ actions: { "hang up": { type: end } } }'],
    [
      'a URL of Twilio that is no socket',
      '{ twilio: { auth_token: t, url: "https://a.example/" } }',
    ],
    ['a gap without end', '{ dtmf_gap_ms: 60000 }'],
  ])('takes no %s', (_, relay) => {
    const problems = problemsWith(`conversation_relay: ${relay}\n`)
    expect(problems.some((line) => line.startsWith('error conversation_relay.'))).toBe(true)
  })
})
