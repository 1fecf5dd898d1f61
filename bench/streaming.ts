/*
 * What the server costs on the way from a model to a voice, beside the least that any server would:
 * time, processor, memory; and what it does when models are slow or break off. Prints each stated
 * figure with PASS or SHORT; exits 1 only if something was wrong that no machine is too slow for.
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { dyingModel } from './streaming/dying-model.ts'
import type { Findings } from './streaming/figure.ts'
import { hangUps } from './streaming/hang-up.ts'
import { hedging } from './streaming/hedging.ts'
import { manyStreams } from './streaming/many-streams.ts'
import { paced } from './streaming/paced.ts'
import { requestCost } from './streaming/request-cost.ts'
import { saturation } from './streaming/saturation.ts'
import { sockets } from './streaming/sockets.ts'
import { createStage, type Stage } from './streaming/stage.ts'

const CASES: Readonly<Record<string, (stage: Stage) => Promise<Findings>>> = {
  paced,
  saturation,
  'many-streams': manyStreams,
  'hang-up': hangUps,
  hedging,
  'dying-model': dyingModel,
  'request-cost': requestCost,
  sockets,
}

const { only, root, profile } = parseArgs({
  options: { only: { type: 'string' }, root: { type: 'string' }, profile: { type: 'boolean' } },
}).values
const wanted = only?.split(',') ?? Object.keys(CASES)

const stage = await createStage(root)
console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`)
console.log(
  stage.isPinned
    ? 'The server has core 0, load and model have core 1.'
    : 'Servers are not pinned: no taskset, or one core only.',
)
const mistakes: string[] = []

async function show(name: string): Promise<void> {
  const findings = await CASES[name]?.(stage)
  if (!findings) throw new Error(`no such case: ${name}`)
  console.log(`\n${name}`)
  for (const figure of findings.figures) {
    console.log(
      `  ${figure.isMet ? 'PASS ' : 'SHORT'}  ${figure.name}: ${figure.measured} (${figure.aim})`,
    )
  }
  for (const note of findings.notes) console.log(`         ${note}`)
  const isShort = findings.figures.some(({ isMet }) => !isMet)
  if ((isShort || profile) && findings.profile) {
    for (const line of await findings.profile()) console.log(`         ${line}`)
  }
  mistakes.push(...findings.mistakes)
}

try {
  for (const name of wanted) await show(name)
} finally {
  await stage.close()
}
for (const mistake of mistakes) console.log(`WRONG  ${mistake}`)
process.exitCode = mistakes.length === 0 ? 0 : 1
