import { describe, expect, it } from 'vitest'
import { TurnstateError } from '../../src/errors.ts'
import type { Log } from '../../src/observability/log.ts'
import { createFailover } from '../../src/upstream/failover.ts'
import type { Completion, CompletionListener, Upstream } from '../../src/upstream/upstream.ts'

const request = { messages: [], tools: [], parameters: {}, wantsUsage: false, state: 's' }
const failed = new TurnstateError('upstream_failed', 'failed')
const late = new TurnstateError('upstream_timeout', 'late')

function recordingLog(): { readonly log: Log; readonly warnings: object[] } {
  const warnings: object[] = []
  const ignore = (): void => undefined
  const warn = (values: object): void => void warnings.push(values)
  return { log: { debug: ignore, info: ignore, warn, error: ignore }, warnings }
}

interface Fake extends Upstream {
  asked: number
  closed: boolean
}

function fake(
  name: string,
  complete: (listener: CompletionListener) => Completion | Promise<Completion>,
): Fake {
  const upstream: Fake = {
    name,
    asked: 0,
    closed: false,
    complete: async (_, listener) => {
      upstream.asked++
      return complete(listener)
    },
    isUsable: () => name !== 'down',
    close: async () => {
      upstream.closed = true
    },
  }
  return upstream
}

const answering = (name: string): Fake =>
  fake(name, async ({ onText }) => {
    await onText(`I am ${name}.`)
    return { text: `I am ${name}.`, calls: [], finishReason: 'stop' }
  })
const failing = (name: string, error: Error = failed, said = ''): Fake =>
  fake(name, async ({ onText }) => {
    if (said) await onText(said)
    throw error
  })

function run(upstream: Upstream, signal = new AbortController().signal) {
  const texts: string[] = []
  const completion = upstream.complete(request, { signal, onText: (text) => void texts.push(text) })
  return { texts, completion }
}

describe('createFailover', () => {
  it('is the upstream itself when there is only one', () => {
    const only = answering('a')
    expect(createFailover(only, [], recordingLog().log)).toBe(only)
  })

  it('asks only the first when it answers', async () => {
    const [a, b] = [answering('a'), answering('b')]
    const { texts, completion } = run(createFailover(a, [b], recordingLog().log))
    expect(await completion).toMatchObject({ text: 'I am a.' })
    expect(texts).toEqual(['I am a.'])
    expect(b.asked).toBe(0)
  })

  it('asks the next ones in order while nothing was said, and says so in the log', async () => {
    const { log, warnings } = recordingLog()
    const all = [failing('b', late), answering('c'), answering('d')]
    const { texts, completion } = run(createFailover(failing('a'), all, log))
    await completion
    expect(texts).toEqual(['I am c.'])
    expect(warnings).toEqual([
      { upstream: 'a', next: 'b' },
      { upstream: 'b', next: 'c' },
    ])
  })

  it('gives the last error when all fail', async () => {
    const { completion } = run(
      createFailover(failing('a'), [failing('b', late)], recordingLog().log),
    )
    await expect(completion).rejects.toBe(late)
  })

  it('asks nobody else once a word was said', async () => {
    const b = answering('b')
    const { texts, completion } = run(
      createFailover(failing('a', failed, 'Half'), [b], recordingLog().log),
    )
    await expect(completion).rejects.toBe(failed)
    expect(texts).toEqual(['Half'])
    expect(b.asked).toBe(0)
  })

  it('asks nobody else when the caller has hung up', async () => {
    const call = new AbortController()
    const a = fake('a', () => {
      call.abort(late)
      throw late
    })
    const b = answering('b')
    const { completion } = run(createFailover(a, [b], recordingLog().log), call.signal)
    await expect(completion).rejects.toBe(late)
    expect(b.asked).toBe(0)
  })

  it('is usable while one of them is, has all names and closes all', async () => {
    const [a, b] = [answering('down'), answering('up')]
    const both = createFailover(a, [b], recordingLog().log)
    expect(both.name).toBe('down, up')
    expect(both.isUsable()).toBe(true)
    expect(createFailover(a, [a], recordingLog().log).isUsable()).toBe(false)
    await both.close()
    expect([a.closed, b.closed]).toEqual([true, true])
  })
})
