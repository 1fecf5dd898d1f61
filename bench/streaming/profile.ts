import { readFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import type { Server, Stage } from './stage.ts'

const TOP = 14
const NAME = 'server.cpuprofile'

interface ProfileNode {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    readonly lineNumber: number
  }
}

interface Profile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  /** Microseconds of the monotonic clock. */
  readonly startTime: number
  readonly timeDeltas: readonly number[]
}

interface ProfiledLoad {
  readonly warmUp: (server: Server) => Promise<unknown>
  readonly load: (server: Server) => Promise<unknown>
}

/** Runs the load once more against a server that profiles itself; its most expensive functions. */
export async function profileOf(
  stage: Stage,
  { warmUp, load }: ProfiledLoad,
): Promise<readonly string[]> {
  const server = await stage.startTurnstate({ profileTo: NAME })
  await warmUp(server)
  const fromUs = Number(process.hrtime.bigint() / 1000n)
  await load(server)
  const toUs = Number(process.hrtime.bigint() / 1000n)
  await server.stop()
  const text = readFileSync(join(stage.folder, NAME), 'utf8')
  const profile = JSON.parse(text) as Profile // what Node writes
  return topOf(profile, (atUs) => atUs > fromUs && atUs < toUs)
}

/** The same of work in this process. */
export async function profileHere(work: () => Promise<unknown>): Promise<readonly string[]> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.start')
  await work()
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  const { nodes, samples = [], timeDeltas = [], startTime } = profile
  return topOf({ nodes, samples, timeDeltas, startTime }, () => true)
}

function topOf(
  { nodes, samples, startTime, timeDeltas }: Profile,
  counts: (atUs: number) => boolean,
): readonly string[] {
  const places = new Map(nodes.map((node) => [node.id, placeOf(node)]))
  const times = new Map<string, number>()
  let atUs = startTime
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0
    atUs += delta
    const place = places.get(id) ?? '?'
    if (place !== '(idle)' && counts(atUs)) times.set(place, (times.get(place) ?? 0) + delta)
  }
  const all = [...times.values()].reduce((sum, time) => sum + time, 0)
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, TOP)
    .map(([place, time]) => `${((100 * time) / all).toFixed(1).padStart(5)} %  ${place}`)
}

function placeOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const file = url.replace(/^.*?(node_modules|dist|src)\//, '')
  if (url === '') return functionName || '(anonymous)'
  return `${functionName || '(anonymous)'}  ${file}:${lineNumber + 1}`
}
