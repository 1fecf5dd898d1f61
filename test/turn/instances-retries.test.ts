import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { toRequest } from '../support/engine.ts'
import { assistant, toolResult, user } from '../support/history.ts'
import { ask, eventually } from '../support/instances-caller.ts'
import { done, lastMessage, systemOf } from '../support/instances-desk.ts'
import { ID, setStage } from '../support/instances-stage.ts'

const HI = [user('Book ten please')]
const BOOK = { name: 'book', args: { at: 'ten' } }
const TRANSFER = { name: 'transfer', description: '', parameters: { type: 'object' } }

describe('a request that comes to another instance while the first one answers it', () => {
  it('gets the words of the first one, and no model is asked again', async () => {
    const { one, two, call, calls } = setStage()
    const first = await ask(one, HI)
    ;(await call(1)).say('It is ')
    const again = await ask(two, HI)
    expect(again).toMatchObject({ source: 'generated', facts: { kind: 'retry', exchange: 1 } })
    ;(await call(1)).say('booked.')
    ;(await call(1)).end()
    expect(await again.end).toMatchObject({ finishReason: 'stop', isSuperseded: false })
    expect(again.text()).toBe('It is booked.')
    expect(await first.end).toMatchObject({ finishReason: 'stop', isSuperseded: false })
    expect(calls).toHaveLength(1)
  })

  it('keeps it alive after its own caller has hung up', async () => {
    const { one, two, call } = setStage()
    const first = await ask(one, HI)
    const model = await call(1)
    const again = await ask(two, HI)
    first.hangUp()
    expect(await first.end).toBe('caller_gone')
    // Several times the grace of one that nobody waits for.
    for (let time = 0; time < 12; time++) await delay(40)
    expect(model.isOpen()).toBe(true)
    model.say('Done.')
    model.end()
    await again.end
    expect(again.text()).toBe('Done.')
  })

  it('lets it end once nobody waits for it, here or there', async () => {
    const { one, two, call } = setStage()
    const first = await ask(one, HI)
    const model = await call(1)
    const again = await ask(two, HI)
    first.hangUp()
    again.hangUp()
    await eventually(() => !model.isOpen())
    await eventually(async () => {
      const turns = (await two.journals.peek(ID))?.turns ?? []
      return turns.every(({ status }) => status === 'aborted') && turns.length === 2
    })
  })

  it('answers it anew once the first one is killed, and what that did is not done again', async () => {
    const { one, two, call, run, calls, runs } = setStage()
    await ask(one, HI)
    ;(await call(1)).end(BOOK)
    ;(await run(1)).finish(done('r1'))
    await call(2)
    const again = await ask(two, HI)
    one.kill()
    const model = await call(3)
    expect(model.by).toBe('two')
    expect(systemOf(model)).toContain(
      'Already done, not yet told to the caller: book({"at":"ten"})',
    )
    model.end(BOOK)
    const told = await call(4)
    expect(lastMessage(told)).toBe('r1')
    told.say('It is booked.')
    told.end()
    expect(await again.end).toMatchObject({ finishReason: 'stop', state: 'booked' })
    expect([calls.length, runs.length]).toEqual([4, 1])
  })

  it('is told that it is not known where the first one is killed over the write', async () => {
    const { one, two, call, run, runs } = setStage()
    await ask(one, HI)
    ;(await call(1)).end(BOOK)
    await run(1)
    const again = await ask(two, HI)
    one.kill()
    ;(await call(2)).end(BOOK)
    const told = await call(3)
    expect(lastMessage(told)).toContain('not known whether this was done')
    told.say('I am not sure.')
    told.end()
    await again.end
    expect(again.text()).toBe('I am not sure.')
    expect(runs).toHaveLength(1)
  })

  it.each([
    ['fails', {}],
    ['ends in its fallback', { config: { fallback: 'Sorry, once more?' } }],
  ])('is generated where the first one %s', async (_, choices) => {
    const { one, two, call } = setStage(choices)
    const first = await ask(one, HI)
    const again = await ask(two, HI)
    ;(await call(1)).fail()
    const model = await call(2)
    expect(model.by).toBe('two')
    model.say('Here I am.')
    model.end()
    await Promise.all([first.end, again.end])
    expect(again.text()).toBe('Here I am.')
  })

  it('is joined or waited for by a third one, wherever that comes', async () => {
    const { one, two, three, call, calls } = setStage()
    const callers = [await ask(one, HI), await ask(two, HI)]
    callers.push(await ask(two, HI), await ask(one, HI), await ask(three, HI))
    expect(callers.map(({ source }) => source)).toContain('joined')
    ;(await call(1)).say('The same for all.')
    ;(await call(1)).end()
    for (const caller of callers) {
      await caller.end
      expect(caller.text()).toBe('The same for all.')
    }
    expect(calls).toHaveLength(1)
  })

  it('is taken over once where the first two die', async () => {
    const { one, two, three, call, calls } = setStage()
    await ask(one, HI)
    await call(1)
    await ask(two, HI)
    const third = await ask(three, HI)
    two.kill()
    one.kill()
    const model = await call(2)
    expect(model.by).toBe('three')
    model.say('Still here.')
    model.end()
    await third.end
    expect(third.text()).toBe('Still here.')
    expect(calls).toHaveLength(2)
  })

  it('is answered with the same words eight times at once, and done once', async () => {
    const { one, two, three, call, run, calls, runs } = setStage()
    const members = [one, two, three, one, two, three, one, two]
    const callers = await Promise.all(members.map((member) => ask(member, HI)))
    ;(await call(1)).end(BOOK)
    ;(await run(1)).finish(done('r1'))
    ;(await call(2)).say('It is booked.')
    ;(await call(2)).end()
    for (const caller of callers) {
      expect(await caller.end).toMatchObject({ state: 'booked' })
      expect(caller.text()).toBe('It is booked.')
    }
    expect([calls.length, runs.length]).toEqual([2, 1])
  })

  it('does not wait for a listener that reads nothing', async () => {
    const { one, two, three, call } = setStage()
    await ask(one, HI)
    await call(1)
    const stuck = await two.engine.begin(toRequest(HI))
    const gone = new AbortController()
    const held = stuck.run({
      ...{ signal: gone.signal, streams: true },
      onEvent: () => new Promise<void>(() => undefined),
    })
    const third = await ask(three, HI)
    const model = await call(1)
    model.say('It is booked.')
    model.end()
    await third.end
    expect(third.text()).toBe('It is booked.')
    gone.abort()
    await expect(held).rejects.toMatchObject({ code: 'caller_gone' })
  })

  it('begins where the first one began, which had to wait for what the caller spoke over', async () => {
    const { one, two, call, run } = setStage()
    await ask(one, HI)
    ;(await call(1)).say('One moment while I book that. ')
    ;(await call(1)).end(BOOK)
    await run(1)
    const cut = [...HI, assistant('One moment while I'), user('And the address?')]
    await eventually(async () => (await two.engine.derive(toRequest(cut))).heard === 'partial')
    const first = await ask(one, cut)
    const again = await ask(two, cut)
    ;(await run(1)).finish(done('r1'))
    ;(await call(2)).say('It is Oak Street.')
    ;(await call(2)).end()
    expect(await first.end).toMatchObject({ state: 'booked' })
    expect(await again.end).toMatchObject({ state: 'booked' })
    const next = toRequest([...cut, assistant('It is Oak Street.'), user('Thanks.')])
    for (const { engine } of [one, two]) {
      expect(await engine.derive(next)).toMatchObject({
        ...{ state: 'booked', variables: { ref: 'r1' }, confidence: 'partial' },
      })
    }
  })
})

describe('a platform call of an answer that another instance gives again', () => {
  const offered = { platformTools: [TRANSFER] }
  const transfer = { name: 'transfer', args: { to: 'desk' } }

  it('goes out again where it was not delivered', async () => {
    const { one, two, call } = setStage()
    const first = await ask(one, HI, { ...offered, isLost: true })
    const again = await ask(two, HI, offered)
    ;(await call(1)).end(transfer)
    expect(await first.end).toMatchObject({ finishReason: 'tool_calls' })
    expect(await again.end).toMatchObject({ finishReason: 'tool_calls' })
    expect(again.calls).toMatchObject([{ name: 'transfer', arguments: '{"to":"desk"}' }])
  })

  it('does not go out to one who does not offer it', async () => {
    const { one, two, call } = setStage()
    await ask(one, HI, { ...offered, isLost: true })
    const again = await ask(two, HI)
    ;(await call(1)).end(transfer)
    expect(await again.end).toMatchObject({ finishReason: 'stop' })
    expect(again.calls).toEqual([])
    expect(again.text()).not.toBe('')
  })

  it('is not issued again by another instance once it was delivered', async () => {
    const { one, two, call } = setStage()
    const first = await ask(one, HI, offered)
    ;(await call(1)).end(transfer)
    await first.end
    await eventually(async () => (await two.engine.derive(toRequest(HI))).kind === 'follow_up')
    const again = await ask(two, HI, offered)
    const model = await call(2)
    expect(systemOf(model)).toContain('Already done by you in this turn: transfer')
    model.say('You are through.')
    model.end()
    expect(await again.end).toMatchObject({ finishReason: 'stop' })
    expect(again.calls).toEqual([])
  })
})

describe('what is no answer to speech', () => {
  it('is answered once for all instances where it is the opening', async () => {
    const { one, two, call, calls } = setStage()
    const callers = [await ask(one, []), await ask(two, [])]
    expect(callers.map(({ facts }) => facts.kind)).toEqual(['opening', 'opening'])
    ;(await call(1)).say('Hello!')
    ;(await call(1)).end()
    for (const caller of callers) {
      await caller.end
      expect(caller.text()).toBe('Hello!')
    }
    const later = await ask(two, [])
    await later.end
    expect([later.source, later.text(), calls.length]).toEqual(['replayed', 'Hello!', 1])
  })

  it('is answered once for all instances where it follows a platform call', async () => {
    const { one, two, call, calls } = setStage()
    const first = await ask(one, HI, { platformTools: [TRANSFER] })
    ;(await call(1)).end({ name: 'transfer' })
    await first.end
    const [issued] = first.calls
    if (!issued) throw new Error('nothing was called')
    const after = [...HI, assistant('', [issued]), toolResult(issued.id, 'done')]
    const callers = [await ask(two, after), await ask(one, after)]
    expect(callers.map(({ facts }) => facts.kind)).toEqual(['follow_up', 'follow_up'])
    ;(await call(2)).say('You are through.')
    ;(await call(2)).end()
    for (const caller of callers) {
      await caller.end
      expect(caller.text()).toBe('You are through.')
    }
    expect(calls).toHaveLength(2)
  })

  it('is answered once for all instances where it is a silence', async () => {
    const { one, two, call, calls } = setStage()
    const first = await ask(one, HI)
    ;(await call(1)).say('Which day?')
    ;(await call(1)).end()
    await first.end
    const quiet = [...HI, assistant('Which day?'), user('...')]
    const callers = [await ask(two, quiet), await ask(one, quiet)]
    ;(await call(2)).say('Are you there?')
    ;(await call(2)).end()
    for (const caller of callers) {
      await caller.end
      expect([caller.facts.kind, caller.text()]).toEqual(['silence', 'Are you there?'])
    }
    expect(calls).toHaveLength(2)
  })
})

describe('while another instance answers', () => {
  const filler = { after_ms: 30, texts: ['One moment... '], again_after_ms: 60_000 }

  it('a filler is spoken, and the history of both is known to either', async () => {
    const { one, two, call } = setStage({ config: { filler } })
    const first = await ask(one, HI)
    const again = await ask(two, HI)
    await eventually(() => first.text() !== '' && again.text() !== '')
    ;(await call(1)).say('It is booked.')
    ;(await call(1)).end()
    await Promise.all([first.end, again.end])
    // What bridged the wait for the one is not said again by the other.
    const text = 'One moment... It is booked.'
    expect([first.text(), again.text()]).toEqual([text, text])
    for (const { text } of [first, again]) {
      const next = toRequest([...HI, assistant(text()), user('Thanks.')])
      for (const { engine } of [one, two]) {
        expect(await engine.derive(next)).toMatchObject({
          ...{ kind: 'new', exchange: 2, heard: 'full', confidence: 'exact' },
        })
      }
    }
  })
})
