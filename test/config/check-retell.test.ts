import { describe, expect, it } from 'vitest'
import { usesCallData } from '../../src/config/uses-call-data.ts'
import { configOf, MINIMAL, parse, problemsOf } from '../support/parse-config.ts'

function problems(retell: string, flow = 'talk: { state_prompt: Talk. }'): readonly string[] {
  const text = MINIMAL.replace('talk: { state_prompt: Talk. }', flow)
  return problemsOf(parse(`${text}retell: ${retell}\n`)).map((line) => line.replace(/^\S+ /, ''))
}
const action = (body: string, flow?: string) => problems(`{ actions: { act: ${body} } }`, flow)

describe('the options of Retell', () => {
  it('have defaults', () => {
    expect(configOf(parse(MINIMAL)).retell).toEqual({
      first_speaker: 'agent',
      call_details_timeout_ms: 1000,
      show_tool_calls: true,
      allow_addresses: [],
      trust_proxy_hops: 0,
      actions: {},
    })
  })

  it.each([
    '{ type: end_call }',
    '{ type: end_call, no_interruption_allowed: true, description: Bye. }',
    "{ type: transfer_call, number: '+4712345678', show_transferee_as_caller: true }",
    "{ type: transfer_call, number: 'sip:desk@garage.example' }",
    "{ type: transfer_call, pattern: '\\+47\\d{8}' }",
    "{ type: transfer_call, allow: ['+4712345678'] }",
    '{ type: press_digit }',
    "{ type: press_digit, digit: '#' }",
    '{ type: update_agent, agent_config: { responsiveness: 0, reminder_max_count: 0 } }',
    '{ type: metadata }',
    '{ type: metadata, metadata: { page: map }, parameters: { type: object } }',
  ])('know the action %s', (body) => expect(action(body)).toEqual([]))

  it.each([
    ['{ type: dance }', 'retell.actions.act.type'],
    ['{ type: transfer_call }', 'needs a number, or allow or pattern'],
    ["{ type: transfer_call, number: 'the desk' }", 'must be a phone number'],
    ["{ type: transfer_call, number: '+47{{branch}}' }", 'must be a phone number'],
    ["{ type: transfer_call, number: '+4712345678', pattern: '.*' }", 'takes no allow or pattern'],
    ["{ type: transfer_call, pattern: '(' }", 'must be a regular expression'],
    ["{ type: transfer_call, allow: ['me'] }", 'must be a phone number'],
    ["{ type: press_digit, digit: '12' }", 'retell.actions.act.digit'],
    ['{ type: update_agent, agent_config: {} }', 'needs at least one setting'],
    ['{ type: update_agent, agent_config: { responsiveness: 2 } }', 'responsiveness'],
    ['{ type: end_call, number: 1 }', 'retell.actions.act'],
  ])('refuse the action %s', (body, problem) =>
    expect(action(body)).toContainEqual(expect.stringContaining(problem)),
  )

  it.each([
    ['{ allow_addresses: [100.20.5.228, 10.0.0.0/8, "::1", "2001:db8::/32"] }', null],
    ['{ allow_addresses: [retell.example] }', 'must be an IP address'],
    ['{ allow_addresses: [10.0.0.0/33] }', 'must be an IP address'],
    ['{ allow_addresses: ["10.0.0.0/"] }', 'must be an IP address'],
    ['{ allow_addresses: ["10.0.0.0/8/8"] }', 'must be an IP address'],
    ['{ trust_proxy_hops: 1 }', 'is for allow_addresses'],
    ['{ call_details_timeout_ms: 10 }', 'call_details_timeout_ms'],
  ])('hold addresses and times against their form: %s', (retell, problem) =>
    expect(problems(retell)).toEqual(
      problem === null ? [] : [expect.stringContaining(problem) as string],
    ),
  )
})

describe('a number from a variable', () => {
  const number = "number: '{{branch}}'"
  const withVariables = (variables: string, state = 'talk: { state_prompt: Talk. }') =>
    `${state}\n  variables: ${variables}`
  const written = `talk: { edges: [{ to: end, when: { type: llm, description: x, parameters: { type: object, properties: { branch: { type: string } } } } }] }
    end: { say: End. }`

  it('needs the variable', () => {
    expect(action(`{ type: transfer_call, ${number} }`, withVariables('{ brunch: {} }'))).toEqual([
      expect.stringContaining('flow.variables has no "branch"'),
    ])
    expect(action(`{ type: transfer_call, ${number} }`, withVariables('{ branch: {} }'))).toEqual(
      [],
    )
  })

  it('cannot be one that does not leave the server', () => {
    const flow = withVariables('{ branch: { sensitive: true } }')
    expect(action(`{ type: transfer_call, ${number} }`, flow)).toEqual([
      expect.stringContaining('is sensitive'),
    ])
  })

  it('that the model can write is held against a list or a pattern', () => {
    const flow = withVariables('{ branch: {} }', written)
    expect(action(`{ type: transfer_call, ${number} }`, flow)).toEqual([
      expect.stringContaining('the model can set the variable branch'),
    ])
    expect(action(`{ type: transfer_call, ${number}, pattern: '\\+47\\d{8}' }`, flow)).toEqual([])
  })
})

describe('a flow uses what is known of a call', () => {
  const flowOf = (state: string, more = '') =>
    configOf(parse(MINIMAL.replace('talk: { state_prompt: Talk. }', `talk: ${state}${more}`))).flow

  it.each([
    ['{ state_prompt: "{{extra.call.from_number}}" }', ''],
    ['{ say: "Hello {{name}}" }', '\n  variables: { name: {} }'],
    ['{ say: { en: Hello, no: Hei } }', '\n  variables: { language: {} }'],
    ['{ edges: [{ to: talk, when: { type: expression, var: $extra.x, op: exists } }] }', ''],
  ])('in %s', (state, more) => expect(usesCallData(flowOf(state, more))).toBe(true))

  it.each([
    ['{ say: Hello }', '\n  variables: { name: {} }'],
    ['{ say: "It is {{now}} at {{clinic}}" }', '\n  default_dynamic_variables: { clinic: Oak }'],
    ['{ say: { en: Hello, no: Hei } }', ''],
  ])('not in %s', (state, more) => expect(usesCallData(flowOf(state, more))).toBe(false))
})
