import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What runs the script, with `log` at hand, in a process of its own. */
function commandOf(script: string): readonly string[] {
  const source = `import { createLog } from './src/observability/log.ts'
    const log = createLog('info')
    ${script}`
  const tsx = import.meta.resolve('tsx')
  return [process.execPath, '--import', tsx, '--input-type=module', '-e', source]
}

function processOf(script: string) {
  const [node = '', ...args] = commandOf(script)
  const child = spawn(node, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
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
    const [bytes] = (await once(child.stderr, 'data')) as [Buffer] // no encoding is set
    expect(bytes.toString()).toContain('alone')
  })

  test('lets its process end when nobody reads it any more', async () => {
    const child = processOf(`${LINES}; process.exit(7)`)
    child.stderr.destroy()
    expect(await once(child, 'close')).toEqual([7, null])
  })

  // Every write to it fails as on a full disk.
  test.runIf(existsSync('/dev/full'))('breaks nothing where the disk is full', async () => {
    const full = openSync('/dev/full', 'w')
    onTestFinished(() => closeSync(full))
    const [node = '', ...args] = commandOf(`${LINES}
      setTimeout(() => { log.info({}, 'the last'); process.exit(7) }, 200)`)
    const child = spawn(node, args, { cwd: ROOT, stdio: ['ignore', 'ignore', full] })
    onTestFinished(() => void child.kill('SIGKILL'))
    expect(await once(child, 'close')).toEqual([7, null])
  })

  test('keeps lines whole that processes write to one pipe, whose reader is slow', async () => {
    // A shell reads byte by byte.
    const slowly = 'while IFS= read -r line; do echo "$line"; done'
    const shared = `{ "$@" & "$@" & "$@" & wait; } 2>&1 >/dev/null | ${slowly}`
    const args = ['-c', shared, 'sh', ...commandOf(LINES)]
    const child = spawn('sh', args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'ignore'] })
    const lines = (await text(child.stdout)).trimEnd().split('\n')
    expect(lines.filter((line) => !/^\{.*\}$/.test(line))).toEqual([])
    expect(lines).toHaveLength(1500)
  })
})
