import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A process that runs the script, with `log` at hand. */
function processOf(script: string) {
  const source = `import { createLog } from './src/observability/log.ts'
    const log = createLog('info')
    ${script}`
  return spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', source],
    { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] },
  )
}

async function linesOf(script: string): Promise<readonly string[]> {
  const child = processOf(script)
  const [written] = await Promise.all([text(child.stderr), once(child, 'close')])
  return written.split('\n').filter((line) => line.startsWith('{'))
}

const LINES = `for (let line = 0; line < 500; line++) log.info({ line, pad: 'x'.repeat(100) }, 'a line')`

describe('the log', () => {
  test.each([
    ['ends by itself', LINES],
    ['is told to exit at once', `${LINES}; process.exit(0)`],
    ['breaks', `${LINES}; throw new Error('broken')`],
    ['exits a while after', `${LINES}; setTimeout(() => process.exit(0), 30)`],
  ])('is whole when its process %s', async (_, script) => {
    const lines = await linesOf(script)
    const numbers = lines.map((line) => (JSON.parse(line) as { line: number }).line) // written above
    expect(numbers).toEqual(Array.from({ length: 500 }, (_, line) => line))
  })

  test('shows a line soon, though no other follows', async () => {
    const child = processOf(`log.info({ line: 0 }, 'alone'); setInterval(() => undefined, 1000)`)
    try {
      const [bytes] = (await once(child.stderr, 'data')) as [Buffer] // no encoding is set
      expect(bytes.toString()).toContain('alone')
    } finally {
      child.kill('SIGKILL')
      await once(child, 'close')
    }
  })
})
