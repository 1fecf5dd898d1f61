import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  placeholdersIn,
  renderPrompt,
  systemVariables,
} from '../../../src/emulator/agent/prompt.ts'

describe('a prompt', () => {
  it.each([
    ['Hello {{name}}, {{ name }}!', { name: 'Ada' }, 'Hello Ada, Ada!'],
    ['{{count}} of {{isOpen}}', { count: 0, isOpen: false }, '0 of false'],
    ['{{empty}}.', { empty: '' }, '.'],
    ['{{unknown}} {{}}', {}, '{{unknown}} {{}}'],
    ['{{toString}} {{__proto__}}', {}, '{{toString}} {{__proto__}}'],
    ['{{object}}', { object: { a: 1 } }, '{{object}}'],
    ['{{a}}', { a: '{{b}} $& $1', b: 'never' }, '{{b}} $& $1'],
    ['{a} {{a} {{{a}}}', { a: 'x' }, '{a} {{a} {x}'],
  ])('%j with %j is %j', (template, variables, text) => {
    expect(renderPrompt(template, variables)).toBe(text)
  })

  it('names its placeholders, each once', () => {
    expect(placeholdersIn('{{a}} {{ b }} {{a}} {c}')).toEqual(['a', 'b'])
  })

  it('stays as it is where it names nothing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(renderPrompt(text, {})).toBe(text)
      }),
    )
  })

  it('of a hostile length is rendered in no time', () => {
    const hostile = '{{'.repeat(50_000) + ' '.repeat(50_000)
    expect(renderPrompt(hostile, { a: 'x' })).toBe(hostile)
  })
})

it('a typed conversation knows its own facts, and no caller', () => {
  const variables = systemVariables({
    conversationId: 'conv_1',
    agentId: 'clinic',
    currentAgentId: 'sales',
    isTextOnly: true,
    startedAt: new Date('2026-11-20T10:00:00Z'),
  })
  expect(variables).toEqual({
    system__conversation_id: 'conv_1',
    system__agent_id: 'clinic',
    system__current_agent_id: 'sales',
    system__time_utc: '2026-11-20T10:00:00.000Z',
    system__timezone: 'UTC',
    system__call_duration_secs: 0,
    system__agent_turns: 0,
    system__is_text_only: true,
  })
})
