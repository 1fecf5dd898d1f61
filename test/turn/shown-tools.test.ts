import { describe, expect, it } from 'vitest'
import type { ServerToolEvent, TurnListener } from '../../src/turn/turn.ts'
import { buildEngine, createModel, toRequest } from '../support/engine.ts'
import { user } from '../support/history.ts'

const HI = [user('When are you open?')]
const HOURS = { type: 'static', result: { open: '8-18' } }

function start(variables: object = {}, parameters: object = {}) {
  const upstream = createModel((request) =>
    request.messages.some(({ role }) => role === 'tool')
      ? { text: 'From eight.' }
      : { calls: [{ id: 'c1', name: 'hours', arguments: '{"day":"Monday"}' }] },
  )
  const flow = {
    name: 'test',
    starting_state: 'a',
    variables,
    states: { a: { tools: ['hours'] } },
  }
  return buildEngine({ flow, tools: { hours: { ...HOURS, parameters } }, upstream })
}

async function listen(engine: ReturnType<typeof start>, more: Partial<TurnListener> = {}) {
  const shown: ServerToolEvent[] = []
  let text = ''
  const turn = await engine.begin(toRequest(HI))
  const end = await turn.run({
    signal: new AbortController().signal,
    streams: true,
    onEvent: (event) => void (text += event.type === 'text-delta' ? event.text : ''),
    onServerTool: (event) => void shown.push(event),
    ...more,
  })
  return { shown, text, end, source: turn.source }
}

describe('what a server tool does', () => {
  it('is shown to who wants to see it, and stands in no answer', async () => {
    const { shown, text } = await listen(start())
    expect(shown).toEqual([
      { type: 'call', call: { id: 'c1', name: 'hours', arguments: '{"day":"Monday"}' } },
      { type: 'result', callId: 'c1', content: '{"open":"8-18"}', isOk: true },
    ])
    expect(text).toBe('From eight.')
  })

  it('is shown without its contents where a variable of the flow is sensitive', async () => {
    const { shown } = await listen(start({ pin: { sensitive: true } }))
    expect(shown).toEqual([
      { type: 'call', call: { id: 'c1', name: 'hours', arguments: '{}' } },
      { type: 'result', callId: 'c1', content: '', isOk: true },
    ])
  })

  it('is shown also when its arguments are wrong', async () => {
    const { shown } = await listen(start({}, { required: ['week'] }))
    expect(shown).toMatchObject([
      { type: 'call', call: { name: 'hours' } },
      { type: 'result', callId: 'c1', isOk: false },
    ])
  })

  it('is not shown again to who comes later', async () => {
    const engine = start()
    await listen(engine)
    const again = await listen(engine)
    expect(again).toMatchObject({ source: 'replayed', shown: [], text: 'From eight.' })
  })

  it('breaks nothing where showing it breaks', async () => {
    const engine = start()
    const onServerTool = () => {
      throw new Error('a mistake')
    }
    const [broken, other] = await Promise.allSettled([
      listen(engine, { onServerTool }),
      listen(engine),
    ])
    expect(broken).toMatchObject({ status: 'rejected', reason: new Error('a mistake') })
    expect(other).toMatchObject({ status: 'fulfilled', value: { text: 'From eight.' } })
  })
})
