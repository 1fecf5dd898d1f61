import { describe, expect, it } from 'vitest'
import { TurnstateError } from '../../src/errors.ts'
import { BUILT_IN_FALLBACK } from '../../src/turn/settings.ts'
import { answer, buildEngine, createModel, toRequest } from '../support/engine.ts'
import { assistant, user } from '../support/history.ts'

const FLOW = { name: 'test', starting_state: 'a', states: { a: {} } }
const HI = [user('Hi.')]

const broken = () =>
  createModel(() => new TurnstateError('upstream_failed', 'The model is not there.'))

async function ask(speaksFailures: boolean, fallback?: string) {
  const engine = buildEngine({ flow: FLOW, upstream: broken(), ...(fallback && { fallback }) })
  const turn = await engine.begin(toRequest(HI))
  let text = ''
  const { signal } = new AbortController()
  const end = await turn.run({
    signal,
    streams: true,
    speaksFailures,
    onEvent: (event) => void (text += event.type === 'text-delta' ? event.text : ''),
  })
  return { text: text.trim(), finishReason: end.finishReason }
}

describe('a failure before the first word', () => {
  it('is an error for who can tell one', async () => {
    await expect(ask(false)).rejects.toMatchObject({ code: 'upstream_failed' })
  })

  it('is spoken to who cannot, in the built-in words', async () => {
    expect(await ask(true)).toEqual({ text: BUILT_IN_FALLBACK, finishReason: 'stop' })
  })

  it('is spoken in the words that somebody wrote', async () => {
    expect(await ask(true, 'A moment.')).toEqual({ text: 'A moment.', finishReason: 'stop' })
  })
})

describe('the words for a turn that cannot even begin', () => {
  const apology = (fallback?: string | Record<string, string>) =>
    buildEngine({ flow: FLOW, upstream: broken(), ...(fallback && { fallback }) }).apology

  it.each([
    ['the built-in ones', undefined, BUILT_IN_FALLBACK],
    ['those of the fallback', 'A moment.', 'A moment.'],
    ['its first language', { de: 'Moment.', en: 'A moment.' }, 'Moment.'],
  ])('are %s', (_, fallback, words) => expect(apology(fallback)).toBe(words))
})

describe('a conversation', () => {
  it('is known once something was said in it', async () => {
    const engine = buildEngine({ flow: FLOW, upstream: createModel(() => ({ text: 'Hello.' })) })
    expect(await engine.isKnown(toRequest([]))).toBe(false)
    await answer(engine, toRequest(HI))
    expect(await engine.isKnown(toRequest([]))).toBe(true)
    expect(await engine.isKnown(toRequest([...HI, assistant('x')]))).toBe(true)
    expect(await engine.isKnown(toRequest([], { key: 'call-2' }))).toBe(false)
    expect(await engine.isKnown({ ...toRequest([]), caller: 'another' })).toBe(false)
    expect(await engine.isKnown(toRequest([], { key: null }))).toBe(false)
  })

  it('is not known by a turn that said nothing', async () => {
    const engine = buildEngine({ flow: FLOW, upstream: broken() })
    await answer(engine, toRequest(HI)).catch(() => undefined)
    expect(await engine.isKnown(toRequest(HI))).toBe(false)
  })

  it('is not known where nothing is remembered', async () => {
    const upstream = createModel(() => ({ text: 'Hello.' }))
    const engine = buildEngine({ flow: FLOW, upstream, remembers: false })
    await answer(engine, toRequest(HI))
    expect(await engine.isKnown(toRequest(HI))).toBe(false)
  })
})
