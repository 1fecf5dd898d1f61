import { describe, expect, it } from 'vitest'
import { ConfigFile } from '../../../src/config/schema.ts'
import { createJournal } from '../../../src/conversation/journal.ts'
import type { ConversationMessage } from '../../../src/conversation/message.ts'
import { resolve } from '../../../src/conversation/resolve.ts'
import { sealState } from '../../../src/conversation/state-token.ts'
import { toView } from '../../../src/conversation/view.ts'
import { initialPosition } from '../../../src/flow/position.ts'
import { toTurnSettings } from '../../../src/service.ts'
import { foldHistory } from '../../../src/turn/prepare/fold-history.ts'
import { answer, buildEngine, createModel, toRequest } from '../../support/engine.ts'
import { assistant, toolResult, user } from '../../support/history.ts'

const toB = (name: string) => ({
  flow: {
    name,
    starting_state: 'a',
    states: {
      a: { edges: [{ to: 'b', when: { type: 'llm', description: 'On.' } }] },
      b: { edges: [{ to: 'c', when: { type: 'result', tool: 'charge', status: 'ok' } }] },
      c: {},
    },
  },
})
const settingsOf = (name: string, secret = 'a secret of the tests') =>
  toTurnSettings(
    ConfigFile.parse({
      version: 1,
      auth: { signing_secret: secret },
      upstreams: { unused: { base_url: 'http://127.0.0.1:9', model: 'none' } },
      ...toB(name),
    }),
  )
const settings = settingsOf('test')
const see = (messages: readonly ConversationMessage[]) => toView(messages, settings.view)

const HI = user('Hi')
const HELLO = assistant('Hello')
const ADA = user('Ada')
const FOUND = assistant('Found')
const at = (state: string, n = 0) => ({ state, variables: { n }, enteredAfter: 0 })

interface SealOptions {
  readonly identity?: string
  readonly by?: typeof settings
}

/** What the answer to the history would carry. */
function seal(
  messages: readonly ConversationMessage[],
  position: ReturnType<typeof at>,
  { identity = 'call-1', by = settings }: SealOptions = {},
): string {
  return sealState(by.token, position, { identity, view: see(messages) }) ?? 'too large'
}

let ids = 0
/** The messages of a marker that carries the text, to stand after the words. */
function marked(words: string, sealed: string): readonly ConversationMessage[] {
  const id = `m${ids++}`
  const call = { id, name: 'turnstate_state', arguments: JSON.stringify({ state: sealed }) }
  return [assistant(words, [call]), toolResult(id, 'ok')]
}

/** What the history alone says, without any journal. */
function fold(messages: readonly ConversationMessage[], token?: unknown) {
  const view = see(messages)
  const { stateTool } = settings.view
  return foldHistory(view, {
    settings,
    resolution: resolve(createJournal(), view, { now: 0, hasJournal: false, stateTool }),
    token,
    identity: 'call-1',
    factsAt: (position) => ({
      variables: position.variables,
      extra: {},
      exchange: 0,
      turnsInState: 0,
      kind: 'new',
      lastUserText: '',
    }),
  })
}

describe('the state without a journal', () => {
  it('is the initial one where nothing is carried', () => {
    expect(fold([HI, HELLO, ADA])).toMatchObject({
      position: initialPosition(settings.flow),
      carried: null,
      rejectedSeals: [],
    })
    expect(fold([HI, HELLO, ADA], '').rejectedSeals).toEqual([])
  })

  it('is that of the newest marker', () => {
    const history = [
      HI,
      ...marked('Hello', seal([HI], at('b', 1))),
      ADA,
      ...marked('Found', seal([HI, HELLO, ADA], at('c', 2))),
      user('Ok'),
    ]
    expect(fold(history)).toMatchObject({ position: at('c', 2), carried: at('c', 2) })
    expect(fold([...history.slice(0, 4), user('Wait')])).toMatchObject({ position: at('b', 1) })
  })

  it('passes over markers whose exchange was rolled back', () => {
    const later = marked('Found', seal([HI, HELLO, ADA], at('c', 2)))
    const revised = [HI, ...marked('Hello', seal([HI], at('b', 1))), user('Bob'), ...later]
    expect(fold([...revised, user('Ok')])).toMatchObject({
      position: at('b', 1),
      rejectedSeals: [],
    })
  })

  it('does not move on by a token that is replayed after a rollback', () => {
    const token = seal([HI, HELLO, ADA], at('c', 2))
    expect(fold([HI, HELLO, ADA, FOUND, user('Ok')], token).position).toEqual(at('c', 2))
    for (const back of [[HI], [HI, HELLO], [HI, HELLO, ADA], [HI, HELLO, user('Bob'), FOUND]]) {
      expect(fold([...back, user('Ok')], token)).toMatchObject({
        position: { state: 'a' },
        carried: null,
        rejectedSeals: [],
      })
    }
  })

  it('is that of token or marker, whichever is newer', () => {
    const early = seal([HI], at('b', 1))
    const late = seal([HI, HELLO, ADA], at('c', 2))
    const end = user('Ok')
    expect(fold([HI, HELLO, ADA, ...marked('Found', late), end], early).position.state).toBe('c')
    expect(fold([HI, ...marked('Hello', early), ADA, FOUND, end], late).position.state).toBe('c')
    const tie = seal([HI], at('c', 9))
    expect(fold([HI, ...marked('Hello', early), ADA], tie).position).toEqual(at('c', 9))
  })

  it('goes on by the results that came after the seal', () => {
    const charge = { id: 'c1', name: 'charge', arguments: '{}' }
    const answered = [HI, assistant('One moment', [charge]), toolResult('c1', 'paid')]
    const token = seal([HI], at('b'))
    expect(fold(answered, token)).toMatchObject({ position: { state: 'c' }, carried: at('b') })
    const followed = [...answered, assistant('It is paid'), user('Ok')]
    expect(fold(followed, seal(answered, at('b'))).position.state).toBe('b')
    expect(fold(followed, token).position.state).toBe('c')
  })
})

describe('seals that are not ours to use', () => {
  const history = (sealed: string) => [HI, ...marked('Hello', sealed), ADA]

  it.each([
    ['forged', 'AAAA'.repeat(20)],
    ['forged', 'x'.repeat(5000)],
    ['forged', seal([HI], at('b')).slice(0, -4)],
    ['forged', seal([HI], at('b'), { by: settingsOf('test', 'another secret of the tests') })],
    ['other_flow', seal([HI], at('b'), { by: settingsOf('other') })],
    ['other_conversation', seal([HI], at('b'), { identity: 'call-2' })],
  ])('are told apart for the log: %s (%.10s)', (reason, sealed) => {
    const refused = { position: { state: 'a' }, carried: null, rejectedSeals: [reason] }
    expect(fold(history(sealed))).toMatchObject(refused)
    expect(fold([HI, HELLO, ADA], sealed)).toMatchObject(refused)
  })

  it('do not hide one that counts, up to 50 of them', () => {
    const good = marked('Hello', seal([HI], at('b')))
    const bad = (count: number) => Array.from({ length: count }, () => marked('', 'junk')).flat()
    expect(fold([HI, ...good, ...bad(49), ADA])).toMatchObject({
      position: at('b'),
      rejectedSeals: ['forged'],
    })
    expect(fold([HI, ...good, ...bad(50), ADA]).position.state).toBe('a')
    expect(fold([HI, ...bad(10_000), ...good, ADA]).position).toEqual(at('b'))
  })

  it('count for nothing when the token is no text', () => {
    for (const token of [5, {}, [], true])
      expect(fold([HI, HELLO, ADA], token)).toMatchObject({
        carried: null,
        rejectedSeals: ['forged'],
      })
  })
})

describe('the journal', () => {
  it('wins where it matches as deep as a marker, and loses where the marker is deeper', async () => {
    const calls = [{ id: 't', name: 'transition_to_b', arguments: '{}' }]
    const replies = [{ calls }, { text: 'You are in b now.' }]
    const upstream = createModel(() => replies.shift() ?? { text: 'Well.' })
    const engine = buildEngine({ ...toB('test'), upstream })
    const { text } = await answer(engine, toRequest([HI]))
    const identity = JSON.stringify(['test', 'call-1'])
    const first = marked(text, seal([HI], at('c'), { identity }))
    expect((await engine.derive(toRequest([HI, ...first, ADA]))).state).toBe('b')
    const heard = [HI, ...first, ADA]
    const second = marked('Foreign words.', seal(heard, at('c'), { identity }))
    expect((await engine.derive(toRequest([...heard, ...second, user('Ok')]))).state).toBe('c')
    const elsewhere = buildEngine({ ...toB('test'), upstream })
    expect((await elsewhere.derive(toRequest([HI, ...first, ADA]))).state).toBe('c')
    expect((await elsewhere.derive(toRequest([HI, ...first, ADA], { key: 'call-2' }))).state).toBe(
      'a',
    )
    expect(
      (await elsewhere.derive(toRequest([HI, ...first, ADA], { caller: 'another' }))).state,
    ).toBe('a')
  })
})
