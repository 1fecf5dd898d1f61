/*
 * What it costs to give every request its place in the conversation: time to resolve and classify a
 * long history, its growth, the memory of an idle conversation, and the bound on all of them. Prints
 * tables and each stated figure with PASS or FAIL; exits 1 if one is missed.
 */
import { cpus } from 'node:os'
import { evictionByCount, evictionBySize } from './turn-coordination/eviction.ts'
import { idleMemory } from './turn-coordination/idle-memory.ts'
import { resolveCost, resolveGrowth } from './turn-coordination/resolve-cost.ts'
import { supersedeDelay } from './turn-coordination/supersede-delay.ts'

console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`)
const figures = [
  ...resolveCost(),
  ...resolveGrowth(),
  ...(await idleMemory()),
  ...(await evictionByCount()),
  ...(await evictionBySize()),
  ...(await supersedeDelay()),
]
console.log('\nStated figures\n')
for (const { name, measured, limit, isMet } of figures) {
  console.log(`${isMet ? 'PASS' : 'FAIL'}  ${name}: ${measured} (${limit})`)
}
process.exitCode = figures.every(({ isMet }) => isMet) ? 0 : 1
