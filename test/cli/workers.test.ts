import { writeFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { wholeText } from '../support/fault-caller.ts'
import { DONE, NOTHING_TO_DO } from '../support/fault-model.ts'
import { eventually } from '../support/fault-wait.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { startServer } from '../support/turnstate-process.ts'
import { gone, isAlive, startWorkers, type Workers } from '../support/worker-processes.ts'

// Each test starts three processes, on a machine that may have much else to do.
vi.setConfig({ testTimeout: 90_000 })

const TURNS = 'turnstate_turns_total'

async function greet(workers: Workers, name: string): Promise<void> {
  expect(await wholeText(await workers.say(name, 'Hello, never mind'))).toBe(NOTHING_TO_DO)
}

/** Which workers so many turns were with, once all of these are logged. */
async function speakers(workers: Workers, turns: number): Promise<ReadonlySet<unknown>> {
  const ended = () => workers.logged('turn ended')
  await eventually(`${turns} turns are logged`, () => ended().length === turns)
  return new Set(ended().map(({ worker }) => worker))
}

/** A call that one of two workers is busy with: it waits for the model. */
async function heldCall(workers: Workers, wish: string) {
  const asked = workers.model.hold(wish, 'asked')
  const answer = workers.say(wish, `Please book ${wish}`)
  await asked.reached
  return { answer, release: () => asked.release() }
}

/** The other one has nothing to do, so it stops at once when it is told to. */
async function onlyBusyOneIsLeft(workers: Workers): Promise<void> {
  await eventually('the idle worker is gone', () => workers.pids().filter(isAlive).length === 1)
}

describeWithRedis('workers', (redis) => {
  it('say who they are and share one port; a retry at another one joins, and books once', async () => {
    const workers = await startWorkers(redis().url)
    const banners = workers.out.stdout.match(/turnstate listens on/g)
    expect(banners).toHaveLength(1)
    expect(workers.out.stdout).toContain('  workers               2\n')

    const { answer, release } = await heldCall(workers, 'wish-1')
    const retry = await workers.say('wish-1', 'Please book wish-1')
    expect(retry.headers.get('x-turnstate-kind')).toBe('retry')
    release()
    expect(await wholeText(retry)).toBe(DONE)
    expect(await wholeText(await answer)).toBe(DONE)
    expect(workers.webhook.seen('wish-1')).toEqual({ requests: 1, keys: 1 })
    expect(workers.model.asked('wish-1')).toHaveLength(2)
    expect(await speakers(workers, 2)).toEqual(new Set([1, 2]))
  })

  it('count together, and what one that is gone has counted stays in the sum', async () => {
    const workers = await startWorkers(redis().url)
    for (const name of ['a', 'b', 'c', 'd']) await greet(workers, name)
    expect(await speakers(workers, 4)).toEqual(new Set([1, 2]))
    expect(await workers.counted(TURNS)).toBe(4)
    expect(await workers.counted(TURNS)).toBe(4)
    expect(await workers.counted('turnstate_store_up')).toBe(1)

    process.kill(workers.pidOf(1), 'SIGKILL')
    await eventually('it is missed', () => workers.logged('worker ended').length === 1)
    await greet(workers, 'e')
    expect(await workers.counted(TURNS)).toBe(5)
    await eventually('it is replaced', () => workers.logged('worker listens').length === 3)
    expect(await workers.counted(TURNS)).toBe(5)
    for (const name of ['f', 'g']) await greet(workers, name)
    expect(await workers.counted(TURNS)).toBe(7)
  })

  it('are replaced when they die, at the same port and with the configuration of the start', async () => {
    const workers = await startWorkers(redis().url)
    writeFileSync(workers.configFile, 'flow: [')
    for (const worker of [1, 2]) process.kill(workers.pidOf(worker), 'SIGKILL')
    await eventually('both are replaced', () => workers.logged('worker listens').length === 4)
    for (const name of ['a', 'b']) await greet(workers, name)
    expect(await speakers(workers, 2)).toEqual(new Set([1, 2]))

    process.kill(workers.pidOf(2), 'SIGKILL')
    await eventually('it is missed', () => workers.logged('worker ended').length === 3)
    await greet(workers, 'c')
    const deaths = workers.logged('worker ended')
    expect(new Set(deaths.slice(0, 2).map(({ worker }) => worker))).toEqual(new Set([1, 2]))
    expect(deaths.map(({ level, signal, restartInMs }) => [level, signal, restartInMs])).toEqual([
      [50, 'SIGKILL', 0],
      [50, 'SIGKILL', 0],
      [50, 'SIGKILL', 1000],
    ])
  })

  it('let a stream end when one of them is told to stop, and the others take what comes', async () => {
    const workers = await startWorkers(redis().url)
    const { answer, release } = await heldCall(workers, 'wish-2')
    await greet(workers, 'a')
    const [idle] = await speakers(workers, 1)
    const busy = idle === 1 ? 2 : 1
    process.kill(workers.pidOf(busy), 'SIGTERM')
    await eventually('it stops', () => workers.logged('stopping').length === 1)
    // One that stops and still took connections would refuse the turns.
    for (const name of ['b', 'c', 'd', 'e']) await greet(workers, name)
    release()
    expect(await wholeText(await answer)).toBe(DONE)
    await eventually('it is replaced', () => workers.logged('worker listens').length === 3)
    expect(workers.logged('worker ended')).toMatchObject([{ worker: busy, code: 0, reason: null }])
  })
})

describeWithRedis('the end of workers', (redis) => {
  it.each<[string, NodeJS.Signals, boolean]>([
    ['SIGTERM to the process that was started', 'SIGTERM', false],
    ['a Ctrl-C, which reaches all of them', 'SIGINT', true],
  ])('waits for a stream after %s', async (_, signal, reachesAll) => {
    const workers = await startWorkers(redis().url)
    const { answer, release } = await heldCall(workers, 'wish-3')
    if (reachesAll) for (const pid of workers.pids()) process.kill(pid, signal)
    workers.signalPrimary(signal)
    await onlyBusyOneIsLeft(workers)
    release()
    expect(await wholeText(await answer)).toBe(DONE)
    expect(await workers.exited).toBe(0)
    expect(workers.pids().filter(isAlive)).toEqual([])
    const stops = workers.logged('stopping').filter(({ worker }) => worker === undefined)
    expect(stops).toMatchObject([{ signal }])
  })

  it('waits for nothing after a second signal', async () => {
    const workers = await startWorkers(redis().url)
    const { answer, release } = await heldCall(workers, 'wish-4')
    const broken = answer.then((stream) => stream.rest()).catch(() => null)
    workers.signalPrimary('SIGTERM')
    await onlyBusyOneIsLeft(workers)
    workers.signalPrimary('SIGTERM')
    expect(await workers.exited).toBe(1)
    await Promise.all(workers.pids().map(gone))
    release()
    await broken
  })

  it('comes by itself when the process that started them was killed; a stream still ends', async () => {
    const workers = await startWorkers(redis().url)
    const { answer, release } = await heldCall(workers, 'wish-5')
    workers.signalPrimary('SIGKILL')
    await onlyBusyOneIsLeft(workers)
    release()
    expect(await wholeText(await answer)).toBe(DONE)
    await workers.exited
    await Promise.all(workers.pids().map(gone))
  })
})

describe('--workers 1', () => {
  it('is the server as it is without: one process, which needs no store', async () => {
    const { url, out } = await startServer({ args: ['--workers', '1'] })
    expect(out.stdout).not.toContain('workers')
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }] })
    const answer = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body })
    expect(answer.status).toBe(200)
    await eventually('the turn is logged', () => out.stderr.includes('"turn ended"'))
    expect(out.stderr).not.toContain('"worker"')
  })
})
