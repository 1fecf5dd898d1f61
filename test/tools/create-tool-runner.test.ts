import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { declaring, startBench, type Bench } from '../support/webhook-tools.ts'

let bench: Bench

beforeEach(async () => {
  bench = await startBench()
})

afterEach(() => bench.close())

describe('parseArguments', () => {
  const tools = {
    hours: { type: 'static', result: 'Mon-Fri' },
    find: { type: 'static', result: '', parameters: { required: ['name'] } },
  }

  it('accepts any object for a tool without parameters', () => {
    expect(bench.create(tools).parseArguments('hours', '{"x":1}')).toEqual({
      ok: true,
      value: { x: 1 },
    })
    expect(bench.create(tools).parseArguments('hours', '')).toEqual({ ok: true, value: {} })
  })

  it.each([
    ['{"name":', 'arguments: must be JSON'],
    ['[1]', 'arguments: must be a JSON object'],
    ['null', 'arguments: must be a JSON object'],
    ['{}', 'name: is required'],
  ])('tells what is wrong with %s', (text, problem) => {
    expect(bench.create(tools).parseArguments('find', text)).toEqual({ ok: false, problem })
  })

  it('accepts arguments of 100 levels, and no deeper ones', () => {
    const parse = (inner: number) =>
      bench
        .create(tools)
        .parseArguments('find', `{"name":${'['.repeat(inner)}${']'.repeat(inner)}}`)
    expect(parse(99)).toMatchObject({ ok: true })
    const refusal = { ok: false, problem: 'arguments: are nested too deeply' }
    expect([parse(100), parse(50_000)]).toEqual([refusal, refusal])
  })

  it.each([
    ['{"name":12345678901234567891}', 'name'],
    ['{"name":{"ids":[1,-9007199254740993]}}', 'name.ids.1'],
    ['{"name":1e400}', 'name'],
    ['{"name":-1e400}', 'name'],
  ])('refuses numbers that would not stay what they are: %s', (text, path) => {
    const problem = `${path}: is too large for a number; give all digits as text`
    for (const tool of ['find', 'hours', 'transition_to_book']) {
      expect(bench.create(tools).parseArguments(tool, text)).toEqual({ ok: false, problem })
    }
  })

  it.each([
    { name: Number.MAX_SAFE_INTEGER },
    { name: -Number.MAX_SAFE_INTEGER },
    { name: [0, -1.5, 1e-300, '12345678901234567891', { '12345678901234567891': null }] },
  ])('keeps every other number, and digits in texts: %j', (value) => {
    const parsed = bench.create(tools).parseArguments('find', JSON.stringify(value))
    expect(parsed).toEqual({ ok: true, value })
  })

  it('refuses arguments of a transition that are nested too deeply', () => {
    const text = `{"slot":${'[{"a":'.repeat(60)}1${'}]'.repeat(60)}}`
    expect(bench.create(tools).parseArguments('transition_to_book', text)).toEqual({
      ok: false,
      problem: 'arguments: are nested too deeply',
    })
  })

  it('checks the arguments of a transition by its own schema', () => {
    expect(bench.create(tools).parseArguments('transition_to_book', '{}')).toEqual({
      ok: false,
      problem: 'slot: is required',
    })
  })
})

describe('a static tool', () => {
  it('renders its text, the argument before the variable', async () => {
    const result = '{{day}} at {{clinic}}: 8-18{{missing}}'
    const tools = { hours: { type: 'static', result, ...declaring('day') } }
    const outcome = await bench
      .create(tools)
      .run(
        'hours',
        { day: 'Monday', clinic: 'not asked for' },
        { signal: new AbortController().signal, values: { day: 'Sunday', clinic: 'Oak Street' } },
      )
    const text = 'Monday at Oak Street: 8-18'
    expect(outcome).toEqual({ status: 'ok', content: text, value: text })
  })

  it('gives any other value as JSON', async () => {
    const tools = { hours: { type: 'static', result: { open: [8, 18] } } }
    expect(
      await bench
        .create(tools)
        .run('hours', {}, { signal: new AbortController().signal, values: {} }),
    ).toEqual({ status: 'ok', content: '{"open":[8,18]}', value: { open: [8, 18] } })
  })
})

describe('what the model is shown of a tool', () => {
  const tools = {
    hours: { type: 'static', description: 'Opening hours', result: 'Mon-Fri' },
    book: { type: 'webhook', url: 'https://api.example/', ...declaring('slot') },
    slots: { type: 'mcp', server: 's', tool: 't' },
  }

  it('is its name, description and parameters', () => {
    const runner = bench.create(tools)
    expect(runner.offer('hours')).toEqual({
      name: 'hours',
      description: 'Opening hours',
      parameters: { type: 'object', properties: {} },
    })
    expect(runner.offer('book')).toEqual({
      name: 'book',
      parameters: { properties: { slot: {} } },
    })
  })

  it.each(['nothing', 'toString', 'transition_to_book'])('is nothing of %s', (name) => {
    expect(bench.create(tools).offer(name)).toBeNull()
  })
})

describe('the effect of a tool', () => {
  it.each([
    ['hours', 'read'],
    ['find', 'read'],
    ['search', 'read'],
    ['book', 'write'],
    ['touch', 'write'],
    ['nothing', 'write'],
    ['toString', 'write'],
  ])('of %s is a %s', (name, effect) => {
    const url = 'https://api.example/'
    const tools = {
      hours: { type: 'static', result: '' },
      find: { type: 'webhook', method: 'GET', url },
      search: { type: 'webhook', url, effect: 'read' },
      book: { type: 'webhook', url },
      touch: { type: 'webhook', method: 'GET', url, effect: 'write' },
    }
    expect(bench.create(tools).effectOf(name)).toBe(effect)
  })
})

describe('the runner', () => {
  it('logs tool, status and time, and texts only at debug', async () => {
    bench.server.behave({ type: 'json', value: { id: 'from-the-answer' } })
    await bench.run({ headers: { authorization: 'Bearer s3cret' } }, { args: { name: 'Ada' } })
    const info = bench.lines.filter(({ level }) => level !== 'debug')
    expect(info).toHaveLength(1)
    expect(info[0]).toMatchObject({ level: 'info', values: { tool: 'tool', status: 'ok' } })
    expect(JSON.stringify(info)).not.toMatch(/Ada|from-the-answer/)
    expect(JSON.stringify(bench.lines)).not.toMatch(/s3cret|127\.0\.0\.1/)
  })

  it.each(['slots', 'nothing', 'toString'])('has no tool to run for %s', async (name) => {
    const tools = bench.create({ slots: { type: 'mcp', server: 's', tool: 't' } })
    const context = { signal: new AbortController().signal, values: {} }
    const outcome = await tools.run(name, {}, context)
    expect(outcome.status).toBe('failed')
    expect(outcome.content).toMatch(/not available|no such tool/)
  })
})
