import { describe, expect, it } from 'vitest'
import { MINIMAL, parse, problemsOf } from '../support/parse-config.ts'

const OWNERS = { retell: 'end_call', conversation_relay: 'end' }

describe.each(Object.entries(OWNERS))('the name of an action under %s', (owner, type) => {
  const problems = (name: string, more = '', minimal = MINIMAL) => {
    const actions = `${owner}: { actions: { ${JSON.stringify(name)}: { type: ${type} } } }\n`
    return problemsOf(parse(minimal + more + actions)).map((line) => line.replace(/^\S+ /, ''))
  }

  it.each([
    ['turnstate_state', 'conversation.state_tool has this name'],
    ['transition_to_talk', 'edges are offered so'],
    ['constructor', 'this name is reserved'],
    ['with space', `${owner}.actions`],
  ])('cannot be %j', (name, problem) =>
    expect(problems(name)).toEqual([expect.stringContaining(problem)]),
  )

  it('cannot be that of a tool', () => {
    const tools = 'tools: { act: { type: static, result: x } }\n'
    expect(problems('act', tools)).toContainEqual(
      `error ${owner}.actions.act: a tool has this name; names must differ`,
    )
  })

  it('should be one that the flow allows somewhere', () => {
    const flow = 'talk: { state_prompt: Talk., platform_tools: { allow: [other] } }'
    expect(problems('act', '', MINIMAL.replace('talk: { state_prompt: Talk. }', flow))).toEqual([
      expect.stringMatching(new RegExp(`^warning ${owner}\\.actions\\.act: no platform_tools`)),
    ])
    expect(problems('act')).toEqual([])
  })
})

describe('the name of a key', () => {
  it.each(['speech_engine', 'twilio-signature'])('cannot be %s', (name) => {
    const auth = `auth: { keys: [{ name: ${name}, secret: a-long-secret }], signing_secret: 0123456789abcdef }`
    const text = MINIMAL.replace(/^auth:.*$/m, auth)
    expect(problemsOf(parse(text)).join()).toContain('is the name of a caller without a key')
  })
})
