import { describe, expect, it } from 'vitest'
import type { TurnstateError } from '../../src/errors.ts'
import { planAnswer } from '../../src/upstream/script-answer.ts'
import { createScriptedUpstream } from '../../src/upstream/scripted-upstream.ts'
import { Script } from '../../src/upstream/script.ts'
import type {
  Completion,
  CompletionRequest,
  ModelToolCall,
  UpstreamMessage,
} from '../../src/upstream/upstream.ts'
import { growth } from '../support/growth.ts'

const ROUTING = { first_token_timeout_ms: 30, idle_timeout_ms: 30 }

interface Asked {
  readonly messages?: readonly UpstreamMessage[]
  readonly state?: string
  readonly wantsUsage?: boolean
  readonly signal?: AbortSignal
  readonly onText?: (text: string) => void | Promise<void>
}

interface Played {
  readonly texts: readonly string[]
  readonly completion: Promise<Completion>
}

function play(script: unknown, asked: Asked = {}): Played {
  const upstream = createScriptedUpstream({
    name: 'demo',
    script: Script.parse(script),
    routing: ROUTING,
  })
  const request: CompletionRequest = {
    messages: asked.messages ?? [user('Hello')],
    tools: [],
    parameters: {},
    wantsUsage: asked.wantsUsage ?? false,
    state: asked.state ?? 'start',
  }
  const texts: string[] = []
  const completion = upstream.complete(request, {
    signal: asked.signal ?? new AbortController().signal,
    onText: (text) => {
      texts.push(text)
      return asked.onText?.(text)
    },
  })
  return { texts, completion }
}

const textOf = async (script: unknown, asked?: Asked): Promise<string> =>
  (await play(script, asked).completion).text
const callsOf = async (script: unknown, asked?: Asked): Promise<readonly ModelToolCall[]> =>
  (await play(script, asked).completion).calls
const codeOf = async ({ completion }: Played): Promise<unknown> =>
  completion.then(
    () => 'did not fail',
    (error: unknown) => (error as TurnstateError).code, // any other error has none
  )

const user = (content: string): UpstreamMessage => ({ role: 'user', content })
const assistant = (content: string): UpstreamMessage => ({ role: 'assistant', content })
function toolStep(name: string, content: string, id = 'call_1'): readonly UpstreamMessage[] {
  return [
    { role: 'assistant', content: null, calls: [{ id, name, arguments: '{}' }] },
    { role: 'tool', callId: id, content },
  ]
}

describe('the choice of the answer', () => {
  const script = [
    { when: { tool_result: 'find', result: 'not found' }, say: 'Nobody.' },
    { when: { tool_result: 'find' }, say: 'Found.' },
    { when: { tool_result: true }, say: 'Some result.' },
    { when: { tail: 'assistant' }, say: 'Still there?' },
    { when: { tail: 'none' }, say: 'Welcome.' },
    { when: { state: 'start', user: 'my name is' }, say: 'Hello you.' },
    { when: { state: ['choose', 'book'] }, say: 'Which slot?' },
    { say: 'What?' },
  ]

  it.each([
    ['a user pattern of any case', { messages: [user('MY NAME IS Ann')] }, 'Hello you.'],
    ['the state', { state: 'choose', messages: [user('my name is Ann')] }, 'Which slot?'],
    ['no rule but the default', {}, 'What?'],
    ['a tool', { messages: [user('my name is'), ...toolStep('find', '{}')] }, 'Found.'],
    ['a result', { messages: [user('x'), ...toolStep('find', 'Not found')] }, 'Nobody.'],
    ['any tool', { messages: [user('x'), ...toolStep('other', '')] }, 'Some result.'],
    ['a result that is not the tail', { messages: [...toolStep('find', ''), user('x')] }, 'What?'],
    ['silence', { messages: [user('my name is'), assistant('Hi.')] }, 'Still there?'],
    ['an opening', { messages: [{ role: 'system' as const, content: 'S' }] }, 'Welcome.'],
  ])('goes by %s', async (_, asked, expected) => {
    expect(await textOf(script, asked)).toBe(expected)
  })

  it('goes by the first 2000 characters of what the caller said', async () => {
    const named = [{ when: { user: '(Ann) (?<last>\\w+)' }, say: '{{user.last}}' }, { say: 'No.' }]
    const said = (before: number) => ({ messages: [user(`${' '.repeat(before)}Ann Lee`)] })
    expect(await textOf(named, said(1993))).toBe('Lee')
    expect(await textOf(named, said(1994))).toBe('Le')
    expect(await textOf(named, said(1996))).toBe('No.')
  })

  it('finds the tools of many results in time for each, not for each pair', () => {
    const histories = new Map<number, readonly UpstreamMessage[]>()
    const historyOf = (count: number): readonly UpstreamMessage[] => {
      const ids = Array.from({ length: count }, (_, index) => `c${index}`)
      const calls = ids.map((id) => ({ id, name: 'find', arguments: '{}' }))
      const results = ids.map((callId) => ({ role: 'tool' as const, callId, content: 'x' }))
      return [{ role: 'assistant', content: null, calls }, ...results]
    }
    const run = (count: number) => {
      const messages = histories.get(count) ?? historyOf(count)
      histories.set(count, messages)
      const request = { messages, tools: [], parameters: {}, wantsUsage: false, state: 'start' }
      expect(planAnswer(Script.parse(script), request).text).toBe('Found.')
    }
    expect(growth(run, 1000)).toBeLessThan(50)
  })

  it('sees every result at the tail', async () => {
    const calls = ['find', 'other'].map((name, at) => ({ id: `c${at}`, name, arguments: '{}' }))
    const messages: UpstreamMessage[] = [
      { role: 'assistant', content: null, calls },
      { role: 'tool', callId: 'c0', content: 'not found' },
      { role: 'tool', callId: 'c1', content: 'x' },
    ]
    expect(await textOf(script, { messages })).toBe('Nobody.')
  })

  it('does not repeat a tool call when its result is there', async () => {
    const looping = [{ when: { user: 'Ann' }, calls: [{ name: 'find' }] }, { say: 'Done.' }]
    expect(await callsOf(looping, { messages: [user('Ann')] })).toHaveLength(1)
    expect(await textOf(looping, { messages: [user('Ann'), ...toolStep('find', '')] })).toBe(
      'Done.',
    )
  })

  it('falls back to a fixed sentence', async () => {
    expect(await textOf([{ when: { state: 'other' }, say: 'x' }])).toBe('I have no line for that.')
  })
})

describe('placeholders', () => {
  it('give what the caller said and what the tool found', async () => {
    const script = [
      {
        when: { tool_result: 'find', user: 'name is (?<name>\\w+) (\\w+)' },
        say: 'Hello {{user.name}} {{ user.2 }}, number {{result.items.0.id}}{{result.none}}.',
        calls: [
          {
            name: 'book',
            arguments: { id: '{{result.items.0.id}}', by: ['{{user.1}}!'], all: '{{user}}', n: 1 },
          },
        ],
      },
    ]
    const found = JSON.stringify({ items: [{ id: 7 }] })
    const messages = [user('My name is Ann Lee'), ...toolStep('find', found)]
    const completion = await play(script, { messages }).completion
    expect(completion.text).toBe('Hello Ann Lee, number 7.')
    expect(JSON.parse(completion.calls[0]?.arguments ?? '')).toEqual({
      id: 7,
      by: ['Ann!'],
      all: 'My name is Ann Lee',
      n: 1,
    })
  })

  it('give a result that is no JSON as it is', async () => {
    const script = [{ when: { tool_result: true }, say: '{{result}}' }]
    expect(await textOf(script, { messages: toolStep('find', 'Mon to Fri') })).toBe('Mon to Fri')
  })

  it('reach no prototype', async () => {
    const script = [{ when: { tool_result: true }, say: '[{{result.constructor.name}}]' }]
    expect(await textOf(script, { messages: toolStep('find', '{}') })).toBe('[]')
  })
})

describe('tool calls', () => {
  const script = [{ calls: [{ name: 'a' }, { name: 'b', arguments: 'not json' }] }]

  it('have ids that count on from the history', async () => {
    expect(await callsOf(script)).toEqual([
      { id: 'call_1', name: 'a', arguments: '{}' },
      { id: 'call_2', name: 'b', arguments: 'not json' },
    ])
    const ids = (await callsOf(script, { messages: toolStep('a', '', 'call_7') })).map(
      ({ id }) => id,
    )
    expect(ids).toEqual(['call_8', 'call_9'])
    const foreign = await callsOf(script, { messages: toolStep('a', '', 'xyz') })
    expect(foreign.map(({ id }) => id)).toEqual(['call_2', 'call_3'])
  })

  it('make the finish reason', async () => {
    expect((await play(script).completion).finishReason).toBe('tool_calls')
    expect((await play([{ say: 'x' }]).completion).finishReason).toBe('stop')
  })
})

describe('the stream', () => {
  it('comes in one piece, or word by word when paced', async () => {
    const atOnce = play([{ say: 'One two  three.' }])
    await atOnce.completion
    expect(atOnce.texts).toEqual(['One two  three.'])
    const paced = play([{ say: 'One two  three.', token_ms: 1 }])
    expect((await paced.completion).text).toBe('One two  three.')
    expect(paced.texts).toEqual(['One ', 'two  ', 'three.'])
  })

  it('waits while the listener is busy', async () => {
    const order: string[] = []
    const { completion } = play([{ say: 'a b', token_ms: 1 }], {
      onText: async (text) => {
        await Promise.resolve()
        order.push(text)
      },
    })
    await completion.then(() => order.push('whole'))
    expect(order).toEqual(['a ', 'b', 'whole'])
  })

  it('counts words as usage when asked', async () => {
    const { usage } = await play([{ say: 'a b' }], { wantsUsage: true }).completion
    expect(usage).toEqual({ promptTokens: 1, completionTokens: 2, totalTokens: 3 })
    expect(await play([{ say: 'a b' }]).completion).not.toHaveProperty('usage')
  })

  it.each([
    ['error', 'upstream_failed', ''],
    ['empty', 'upstream_failed', ''],
    ['hang', 'upstream_timeout', ''],
    ['break', 'upstream_failed', 'a b '],
    ['stall', 'upstream_timeout', 'a b '],
  ])('can have the fault %s', async (fault, code, text) => {
    const played = play([{ say: 'a b c d', fault }])
    expect(await codeOf(played)).toBe(code)
    expect(played.texts.join('')).toBe(text)
  })

  it('keeps to the limits of the routing', async () => {
    expect(await codeOf(play([{ say: 'a b', first_token_ms: 50 }]))).toBe('upstream_timeout')
    const slow = play([{ say: 'a b', token_ms: 50 }])
    expect(await codeOf(slow)).toBe('upstream_timeout')
    expect(slow.texts).toEqual(['a '])
  })

  it('ends at once when the caller hangs up', async () => {
    const call = new AbortController()
    const reason = new Error('hung up')
    const played = play([{ say: 'a b c', token_ms: 20 }], {
      signal: call.signal,
      onText: () => call.abort(reason),
    })
    await expect(played.completion).rejects.toBe(reason)
    expect(played.texts).toEqual(['a '])
    const gone = new AbortController()
    const unread = play([{ say: 'a b' }], {
      signal: gone.signal,
      onText: () => {
        queueMicrotask(() => gone.abort(reason))
        return new Promise(() => undefined)
      },
    })
    await expect(unread.completion).rejects.toBe(reason)
    const early = play([{ say: 'a' }], { signal: AbortSignal.abort(reason) })
    await expect(early.completion).rejects.toBe(reason)
    expect(early.texts).toEqual([])
  })
})

describe('the scripted upstream as one of several', () => {
  const endpoint = createScriptedUpstream({
    name: 'demo',
    script: Script.parse([
      { when: { user: 'call' }, calls: [{ name: 'a' }] },
      { say: 'a b', token_ms: 1 },
    ]),
    routing: ROUTING,
  })

  it('always admits a request, and knows of no times', () => {
    expect(endpoint.admits()).toBe(true)
    expect(endpoint.isToldToWait()).toBe(false)
    expect(endpoint.firstTokenP95Ms()).toBeUndefined()
  })

  it.each([
    ['text', 'Hello', ['first', 'a ', 'b']],
    ['a tool call', 'call', ['first']],
  ])('reports its first token once, before any of it: %s', async (_, said, expected) => {
    const happened: string[] = []
    const request = { tools: [], parameters: {}, wantsUsage: false, state: 's' }
    await endpoint.complete(
      { ...request, messages: [user(said)] },
      {
        signal: new AbortController().signal,
        onFirstToken: () => void happened.push('first'),
        onText: (text) => void happened.push(text),
      },
    )
    expect(happened).toEqual(expected)
  })
})

describe('Script', () => {
  it.each([
    ['a pattern that is none', [{ when: { user: '(' }, say: 'x' }]],
    ['an unknown key', [{ tell: 'x' }]],
    ['an unknown fault', [{ fault: 'explode' }]],
    ['an empty list', []],
  ])('refuses %s', (_, script) => {
    expect(Script.safeParse(script).success).toBe(false)
  })
})
