import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPlay } from '../support/coordination-play.ts'
import { SELDOM, steps, USUAL, type Step } from '../support/coordination-steps.ts'
import type { PlainReply } from '../support/plain-coordination.ts'
import { SETTLE_MS } from '../support/plain-replies.ts'
import type { Caller } from '../support/switchboard.ts'

type Play = ReturnType<typeof createPlay>

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
  })
})
afterEach(() => {
  vi.useRealTimers()
})

/** One of those that there are; the newest first. */
function choose<T>(from: readonly T[], pick: number): T | undefined {
  return from.at(-1 - (pick % Math.max(1, from.length)))
}

async function take(play: Play, step: Step): Promise<void> {
  switch (step.type) {
    case 'speak':
    case 'ask again':
    case 'ask less':
      return askOn(play, step)
    case 'hear':
      hear(play, step)
      return
    case 'converse':
      return converse(play, step)
    case 'withdraw':
      for (let time = 0; time < step.times; time++) play.lines[step.line]?.withdraw()
      return
    case 'model': {
      const ready = play.model.generations.filter((it) => it.isOpen() && !it.isPaused())
      const generation = choose(ready, step.pick)
      if (generation) await play.step(generation, step.does, step.slot)
      return
    }
    case 'tool': {
      const run = choose(
        play.tools.runs.filter((it) => it.isOpen()),
        step.pick,
      )
      if (run) await play.finishRun(run, step.isOk)
      return
    }
    case 'wait':
      return play.pass(step.ms)
    case 'hang up':
    case 'stop reading':
    case 'read on':
      return connection(play, step)
  }
}

async function askOn(
  { lines, ask }: Play,
  step: Extract<Step, { type: 'speak' | 'ask again' | 'ask less' }>,
): Promise<void> {
  const line = lines[step.line]
  if (!line) return
  const asked =
    step.type === 'speak'
      ? line.speak(step.how, step.isCommon)
      : step.type === 'ask less'
        ? line.shorter()
        : line.now(step.hasDots)
  const times = step.type === 'ask again' ? step.times : 1
  for (let time = 0; asked && time < times; time++) await ask(line, asked, step.manner)
}

/** The platform plays an answer to what it has now, or the beginning of one. */
function hear({ callers, replyOf, lines }: Play, step: Extract<Step, { type: 'hear' }>): void {
  const hearable = callers.flatMap((caller) => {
    const reply = replyOf.get(caller)
    if (!reply || caller.line !== lines[step.line] || !caller.line.canHear(caller.asked)) return []
    if (!caller.streams && caller.ending()?.type !== 'answered') return []
    const isWhole = caller.ending()?.type === 'answered' && !caller.isGone()
    const calls = step.keepsCalls && isWhole && keepsAll(caller, reply) ? caller.calls : []
    const said = caller.text().slice(0, reply.said.length).trim()
    const words = said === '...' ? [] : said.split(' ').filter((word) => word !== '')
    if (words.length === 0 && calls.length === 0) return []
    const text = words.slice(0, calls.length > 0 ? words.length : step.words).join(' ')
    return [{ asked: caller.asked, reply, text, calls }]
  })
  const heard = choose(hearable, step.pick)
  if (heard) lines[step.line]?.hear(heard)
}

/**
 * Who kept no call before keeps none after it, and two openings can make the same call: one could not
 * be told from the other.
 */
function keepsAll({ asked, question }: Caller, { asking, goesOnFrom, calls }: PlainReply): boolean {
  const kept = asked.history.flatMap(({ message, reply }) => (message.calls ? [reply] : []))
  const isLost = (slot: string) =>
    question.shown.some((reply) => reply.calls.includes(slot) && !kept.includes(reply))
  return asking !== 'opening' && goesOnFrom === null && !calls.some(isLost)
}

/** What happens most of the time: words, an answer, and it is heard. */
async function converse(play: Play, step: Extract<Step, { type: 'converse' }>): Promise<void> {
  const line = play.lines[step.line]
  if (!line) return
  const { ask } = await play.ask(line, line.speak('more', step.isCommon), USUAL)
  for (const does of step.does) {
    const generation = play.model.generations.findLast((it) => it.ask === ask && it.isOpen())
    if (generation && !generation.isPaused()) await play.step(generation, does, 'ten')
    if (play.isSettling()) await play.pass(SETTLE_MS)
    play.check()
    for (const run of play.tools.runs) if (run.isOpen()) await play.finishRun(run, true)
  }
  hear(play, { ...step, type: 'hear', pick: 0, keepsCalls: true })
}

async function connection(
  { callers, leave, readOn }: Play,
  step: Extract<Step, { type: 'hang up' | 'stop reading' | 'read on' }>,
): Promise<void> {
  const open = callers.filter((caller) => caller.ending() === null)
  const caller = choose(
    step.type === 'read on' ? open.filter((it) => !it.isReading()) : open,
    step.pick,
  )
  if (!caller) return
  if (step.type === 'hang up') await leave(caller)
  else if (step.type === 'read on') await readOn(caller)
  else caller.stopReading()
}

/** Whoever still waits gets an answer, from a model that goes on, or from the limit of a turn. */
async function finish(play: Play, stalls: boolean): Promise<void> {
  const { callers, model, tools } = play
  for (const caller of callers) if (!caller.isReading()) await play.readOn(caller)
  play.check()
  const goesOn = () =>
    play.isSettling() || [...model.generations, ...tools.runs].some((it) => it.isOpen())
  while (!stalls && goesOn()) {
    for (const run of tools.runs) if (run.isOpen()) await play.finishRun(run, true)
    for (const it of model.generations) if (it.isOpen()) await play.step(it, 'end', '')
    if (play.isSettling()) await play.pass(SETTLE_MS)
    play.check()
  }
  if (stalls) {
    await play.stall()
    play.check()
    for (const run of tools.runs) if (run.isOpen()) await play.finishRun(run, true)
  }
}

describe('whatever comes in between', () => {
  it('every request gets one answer, to its own words, and everything is done once', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (script, stalls) => {
        vi.clearAllTimers()
        const play = createPlay()
        for (const step of script) {
          await take(play, step)
          play.check()
        }
        await finish(play, stalls)
        play.check()
        // Nothing is left over.
        expect(play.callers.filter((caller) => caller.ending() === null)).toEqual([])
        expect(play.model.generations.filter((it) => it.isOpen())).toEqual([])
        expect(vi.getTimerCount()).toBe(0)
        await play.checkAll()
        // And whoever asks now is not left with what is dead.
        for (const line of play.lines) await play.ask(line, line.now(false), USUAL)
        await finish(play, false)
        expect(play.callers.filter((caller) => caller.ending() === null)).toEqual([])
      }),
      { numRuns: 300, examples: SELDOM.map((script) => [[...script], false]) },
    )
  }, 60_000)
})
