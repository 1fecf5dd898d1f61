import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'

/** What each room may import; `docs/ARCHITECTURE.md` says why. Changing this takes an ADR. */
const LEAVES = ['errors', 'json-spans', 'sse', 'observability'] as const
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  'json-spans': [],
  sse: [],
  observability: [],
  demo: [],
  flow: ['errors'],
  store: ['errors', 'observability'],
  conversation: ['errors', 'json-spans', 'flow'],
  tools: ['errors', 'flow', 'observability'],
  upstream: LEAVES,
  turn: ['errors', 'observability', 'flow', 'conversation', 'store', 'tools', 'upstream'],
  routes: [...LEAVES, 'turn'],
  config: ['flow', 'conversation', 'store', 'tools', 'upstream', 'turn', 'routes', 'observability'],
  app: ['observability', 'turn', 'routes'],
  service: [
    'app',
    'config',
    'conversation',
    'flow',
    'observability',
    'store',
    'tools',
    'turn',
    'upstream',
  ],
  cli: ['config', 'demo', 'flow', 'observability', 'service', 'upstream'],
  main: ['cli', 'config'],
}

/** Rooms that decide: no clock, no I/O, no environment. */
const PURE = ['flow', 'conversation']

const SOURCE = join(import.meta.dirname, '../src')

interface SourceFile {
  readonly path: string
  readonly room: string
  readonly text: string
}

function roomOf(path: string): string {
  return (path.split('/')[0] ?? '').replace(/\.ts$/, '')
}

const files: readonly SourceFile[] = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, room: roomOf(path), text: readFileSync(join(SOURCE, path), 'utf8') }))

function imports(file: SourceFile): readonly string[] {
  return [...file.text.matchAll(/from '([^']+)'/g)].map((match) => match[1] ?? '')
}

describe('the rooms of src', () => {
  it('are those of the table', () => {
    expect([...new Set(files.map((file) => file.room))].sort()).toEqual(Object.keys(ROOMS).sort())
  })

  it('import one another only as the table allows', () => {
    const wrong = files.flatMap((file) =>
      imports(file)
        .filter((target) => target.startsWith('.'))
        .map((target) => roomOf(posix.join(posix.dirname(file.path), target)))
        .filter((room) => room !== file.room && !ROOMS[file.room]?.includes(room))
        .map((room) => `${file.path} imports ${room}`),
    )
    expect(wrong).toEqual([])
  })

  it('depend on one another in one direction', () => {
    const sorted: string[] = []
    const visit = (room: string, above: readonly string[]): void => {
      if (above.includes(room)) throw new Error(`cycle: ${[...above, room].join(' -> ')}`)
      if (sorted.includes(room)) return
      for (const below of ROOMS[room] ?? []) visit(below, [...above, room])
      sorted.push(room)
    }
    for (const room of Object.keys(ROOMS)) visit(room, [])
    expect(sorted).toHaveLength(Object.keys(ROOMS).length)
  })

  it('that decide use no clock, no randomness and no I/O', () => {
    const forbidden =
      /Date\.now|new Date\(\)|performance\.|Math\.random|randomUUID|randomBytes|setTimeout|setInterval|process\.|from 'node:(?!crypto)|from 'undici'|fetch\(/
    const impure = files.filter((file) => PURE.includes(file.room) && forbidden.test(file.text))
    expect(impure.map((file) => file.path)).toEqual([])
  })

  it('hold small files', () => {
    const long = files.filter((file) => file.text.split('\n').length > 320)
    expect(long.map((file) => file.path)).toEqual([])
  })
})
