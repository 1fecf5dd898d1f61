import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Completion, Endpoint } from '../../src/upstream/upstream.ts'
import { createEndpoint, REQUEST, routeOver } from '../support/hand-made-endpoint.ts'
import type { Asking, HandMadeEndpoint } from '../support/hand-made-endpoint.ts'

/** What an endpoint does when it is asked: each step so long after the one before. */
interface Play {
  readonly steps: readonly { readonly afterMs: number; readonly what: 'text' | 'call' }[]
  readonly endAfterMs: number
  readonly end: 'complete' | 'fail'
}

interface Cast {
  readonly plays: readonly Play[]
  readonly isAdmitting: boolean
  readonly isWaiting: boolean
}

/** One request of ours to an endpoint, and what became of it. */
interface Part {
  readonly id: string
  readonly name: string
  readonly asking: Asking
  readonly isContinuation: boolean
  /** Another request of the same completion was running. */
  readonly isHedge: boolean
  end: 'completed' | 'failed' | undefined
}

interface Stage {
  /** Of the present completion, in the order in which they were asked. */
  parts: Part[]
  hedges: number
  /** It was told yes, and is to be asked at once: a half-open circuit admits nobody else meanwhile. */
  admitted: string | undefined
  wastedAdmissions: number
}

const ms = fc.constantFrom(0, 100, 300, 600, 700, 1400)
const play: fc.Arbitrary<Play> = fc.record({
  steps: fc.array(fc.record({ afterMs: ms, what: fc.constantFrom('text', 'text', 'call') }), {
    maxLength: 4,
  }),
  endAfterMs: ms,
  end: fc.constantFrom('complete', 'fail', 'fail'),
})
const cast: fc.Arbitrary<Cast> = fc
  .record({
    plays: fc.array(play, { minLength: 1, maxLength: 5 }),
    isAdmitting: fc.constantFrom(true, true, true, false),
    isWaiting: fc.constantFrom(false, false, false, true),
  })
  .map((made) => ({ ...made, isAdmitting: made.isAdmitting && !made.isWaiting }))
const hangUp = fc.option(fc.constantFrom(0, 100, 700, 900, 1500, 3000))

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('whatever the endpoints do, and whenever', () => {
  it('the caller hears one answer, and nobody works on without one', async () => {
    const property = fc.asyncProperty(
      fc.array(cast, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(0, 0.1, 0.5, 1),
      fc.array(hangUp, { minLength: 1, maxLength: 4 }),
      async (casts, share, hangUps) => {
        const stage: Stage = {
          parts: [],
          hedges: 0,
          admitted: undefined,
          wastedAdmissions: 0,
        }
        const endpoints = casts.map((made, index) => enter(`abc`.charAt(index), made, stage))
        const routed = routeOver(endpoints, { after_ms: 700, max_share: share })
        for (const [index, hangUpAfterMs] of hangUps.entries()) {
          stage.parts = []
          await checkCompletion({ stage, casts, run: routed.run, hangUpAfterMs })
          expect(stage.hedges).toBeLessThanOrEqual(share === 0 ? 0 : 1 + share * (index + 1))
        }
        expect(stage).toMatchObject({ admitted: undefined, wastedAdmissions: 0 })
        const counted = routed.counted.filter((line) => line.startsWith('hedge'))
        expect(counted).toHaveLength(stage.hedges)
      },
    )
    await fc.assert(property, { numRuns: 500 })
  })
})

function enter(name: string, { plays, isAdmitting, isWaiting }: Cast, stage: Stage): Endpoint {
  const made: HandMadeEndpoint = createEndpoint(name)
  made.isAdmitting = isAdmitting
  made.isWaiting = isWaiting
  return {
    ...made,
    admits: () => {
      if (stage.admitted !== undefined) stage.wastedAdmissions++
      if (isAdmitting) stage.admitted = name
      return isAdmitting
    },
    complete: (request, listener) => {
      if (stage.admitted === name) stage.admitted = undefined
      const completion = made.complete(request, listener)
      const number = made.askings.length
      const asking = made.askings[number - 1]
      const script = plays[(number - 1) % plays.length]
      if (asking === undefined || script === undefined) throw new Error('nobody was asked')
      const isHedge = stage.parts.some((other) => other.asking.isRunning())
      if (isHedge) stage.hedges++
      const isContinuation = request.messages.length > REQUEST.messages.length
      const part = { id: `${name}${number}`, name, asking, isContinuation, isHedge, end: undefined }
      stage.parts.push(part)
      perform(part, script)
      return completion
    },
  }
}

function perform(part: Part, { steps, end, endAfterMs }: Play): void {
  const { asking, id } = part
  let at = 0
  for (const [index, { afterMs, what }] of steps.entries()) {
    at += afterMs
    setTimeout(() => {
      if (!asking.isRunning()) return
      if (what === 'text') asking.say(`${id}x${index} `)
      else asking.token()
    }, at)
  }
  setTimeout(() => {
    if (!asking.isRunning()) return
    part.end = end === 'complete' ? 'completed' : 'failed'
    if (end === 'fail') asking.fail('broken')
    else asking.complete({ calls: [{ id, name: 'find', arguments: '{}' }] })
  }, at + endAfterMs)
}

interface Checked {
  readonly stage: Stage
  readonly casts: readonly Cast[]
  readonly run: ReturnType<typeof routeOver>['run']
  readonly hangUpAfterMs: number | null
}

interface Outcome {
  readonly completion?: Completion
  readonly error?: unknown
}

async function checkCompletion({ stage, casts, run, hangUpAfterMs }: Checked): Promise<void> {
  const call = new AbortController()
  const reason = new Error('hung up')
  const outcomes: Outcome[] = []
  let runningBesides = 0
  const { completion, texts, firstTokens } = run({
    signal: call.signal,
    onText: () => {
      runningBesides += running(stage).length - 1
    },
  })
  const onOutcome = (outcome: Outcome): void => {
    outcomes.push(outcome)
    // In this very tick, not only later by itself.
    expect(running(stage)).toEqual([])
  }
  const done = completion.then(
    (whole) => onOutcome({ completion: whole }),
    (error: unknown) => onOutcome({ error }),
  )
  if (hangUpAfterMs !== null) setTimeout(() => call.abort(reason), hangUpAfterMs)
  await vi.advanceTimersByTimeAsync(60_000)

  expect(outcomes).toHaveLength(1)
  await done
  expect(runningBesides).toBe(0)
  expect(firstTokens()).toBeLessThanOrEqual(1)
  checkAsked(stage)
  checkHeard(stage, texts)
  const [outcome] = outcomes
  if (outcome?.completion) checkWhole(stage, texts, outcome.completion)
  else if (outcome?.error !== reason) checkFailed(stage, casts)
}

const running = ({ parts }: Stage): readonly Part[] =>
  parts.filter(({ asking }) => asking.isRunning())

/** Nobody is asked again after a failure, and never more than two at once. */
function checkAsked({ parts }: Stage): void {
  expect(parts.filter(({ isHedge }) => isHedge).length).toBeLessThanOrEqual(1)
  for (const [index, { end, name }] of parts.entries()) {
    const later = parts.slice(index + 1).filter((part) => part.name === name && !part.isHedge)
    if (end === 'failed') expect(later).toEqual([])
  }
}

/** Words of each speaker in order, and another speaker only where the one before had failed. */
function checkHeard({ parts }: Stage, texts: readonly string[]): void {
  const words = texts.join('').match(/\S+/g) ?? []
  const speakers = [...new Set(words.map((word) => word.split('x')[0]))]
  const heard = speakers.map((id) => parts.find((part) => part.id === id))
  for (const [index, part] of heard.entries()) {
    expect(part?.isContinuation).toBe(index > 0)
    if (index < heard.length - 1) expect(part?.end).toBe('failed')
  }
  const inOrder = [...words].sort((a, b) => {
    const [[first, one], [second, two]] = [a.split('x'), b.split('x')]
    return speakers.indexOf(first) - speakers.indexOf(second) || Number(one) - Number(two)
  })
  expect(words).toEqual(inOrder)
  expect(new Set(words).size).toBe(words.length)
}

/** The text is what was heard, and the calls are those of the one that completed last. */
function checkWhole({ parts }: Stage, texts: readonly string[], completion: Completion): void {
  expect(completion.text).toBe(texts.join(''))
  const completed = parts.filter(({ end }) => end === 'completed').map(({ id }) => id)
  expect(completion.calls.map(({ id }) => id)).toEqual(completed)
}

/** Only when everybody who may be asked has failed. */
function checkFailed({ parts }: Stage, casts: readonly Cast[]): void {
  for (const [index, { isWaiting }] of casts.entries()) {
    const own = parts.filter(({ name }) => name === 'abc'.charAt(index))
    expect(own.some(({ end }) => end === 'failed')).toBe(!isWaiting)
  }
}
