import { describe, expect, it } from 'vitest'
import {
  isSameSchema,
  parseListedTool,
  toUsableSchema,
} from '../../../src/tools/mcp/mcp-listed-tool.ts'

function nested(levels: number): object {
  let schema: object = { type: 'string' }
  for (let level = 0; level < levels; level += 1) schema = { properties: { a: schema } }
  return schema
}

function wide(count: number): object {
  const properties = Array.from({ length: count }, (_, at) => [`p${at}`, { type: 'string' }])
  return { properties: Object.fromEntries(properties) as object }
}

/** Each part refers to the next one twice: the work doubles at every step. */
function doubling(steps: number): object {
  const parts = Array.from({ length: steps }, (_, step) => [
    `s${step}`,
    step + 1 === steps
      ? {}
      : { allOf: [{ $ref: `#/$defs/s${step + 1}` }, { $ref: `#/$defs/s${step + 1}` }] },
  ])
  return { $ref: '#/$defs/s0', $defs: Object.fromEntries(parts) as object }
}

describe('the schema of a server', () => {
  it('is used as it came, but for the name of its dialect', () => {
    const usable = toUsableSchema({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: { day: { type: 'string', pattern: '^([a-z0-9]*\\.)+[a-z]$' } },
      required: ['day'],
    })
    if (!usable.ok) throw new Error(usable.problem)
    expect(Object.keys(usable.schema)).toEqual(['type', 'properties', 'required'])
    expect(usable.check({})).toBe('day: is required')
    expect(usable.check({ day: 'a.b' })).toBeNull()
  })

  it.each([
    ['no schema', undefined, 'its schema is no JSON object'],
    ['a list', [], 'its schema is no JSON object'],
    ['another type', { type: 'string' }, 'its schema is not usable'],
    ['nonsense', { properties: { a: { type: 'nonsense' } } }, 'its schema is not usable'],
    ['a reference elsewhere', { $ref: 'https://mcp.invalid/s.json' }, 'its schema is not usable'],
    ['a reference to itself', { allOf: [{ $ref: '#' }] }, 'its schema is not usable'],
    ['many levels', nested(60), 'its schema is nested too deeply'],
    ['many letters', { description: 'é'.repeat(16_384) }, 'its schema is too large'],
    ['work without end', doubling(40), 'its schema has too many references'],
    ['many properties', wide(300), 'its schema has too many parts'],
    ['a pattern that is none', { properties: { a: { pattern: 7 } } }, 'its schema is not usable'],
  ])('is not used with %s', (_, schema, problem) => {
    expect(toUsableSchema(schema)).toEqual({ ok: false, problem })
  })
})

describe('what may take any time in the schema of a server', () => {
  function usableOf(schema: object) {
    const usable = toUsableSchema({ type: 'object', ...schema })
    if (!usable.ok) throw new Error(usable.problem)
    return usable
  }

  // Held against it, each of these would take hours.
  const ENDLESS = `${'a'.repeat(40)}!`

  it.each([
    ['a pattern', { properties: { a: { pattern: '^(a|a)*$' } } }, { a: ENDLESS }],
    ['a pattern for names', { patternProperties: { '^(a|a)*$': false } }, { [ENDLESS]: 1 }],
    ['a pattern for all names', { propertyNames: { pattern: '^(a|a)*$' } }, { [ENDLESS]: 1 }],
    [
      'a pattern by reference',
      { $ref: '#/hidden/a', hidden: { a: { propertyNames: { pattern: '^(a|a)*$' } } } },
      { [ENDLESS]: 1 },
    ],
    [
      'a pattern beside which no other names are allowed',
      { patternProperties: { '^(a|a)*$': {} }, additionalProperties: false },
      { [ENDLESS]: 1 },
    ],
    [
      'a pattern of another dialect',
      { properties: { a: { pattern: '(?i)[[:alpha:]' } } },
      { a: 'x' },
    ],
    [
      'uniqueness',
      { properties: { a: { uniqueItems: true } } },
      { a: [...Array(40_000).keys()].map((n) => [Math.floor(n / 2)]) },
    ],
  ])('is not held against arguments, and shown to the model: %s', (_, schema, args) => {
    const usable = usableOf(schema)
    expect(usable.check(args)).toBeNull()
    expect(usable.schema).toEqual({ type: 'object', ...schema })
  })

  it('leaves the rest of the schema as it is', () => {
    const a = { type: 'string', pattern: '^(a|a)*$', maxLength: 3 }
    const { check } = usableOf({
      properties: { a, pattern: { type: 'number' } },
      additionalProperties: false,
    })
    expect(check({ a: 'aaaa' })).toBe('a: must NOT have more than 3 characters')
    expect(check({ pattern: 'x' })).toBe('pattern: must be number')
    expect(check({ b: 1 })).toBe('b: is not allowed')
  })
})

describe('the same schema', () => {
  it('is one that says the same in another order', () => {
    expect(isSameSchema({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true)
    expect(isSameSchema({ a: 1, b: [2] }, { b: [3], a: 1 })).toBe(false)
  })

  it('is never looked for in what is nested very deeply', () => {
    const deep = () => JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`) as unknown
    expect(isSameSchema(deep(), deep())).toBe(false)
  })
})

describe('a listed tool', () => {
  it('needs a name, and nothing else of it has to be right', () => {
    expect(parseListedTool({ description: 'nameless' })).toBeNull()
    expect(
      parseListedTool({ name: 'a', description: 7, inputSchema: 'x', annotations: [] }),
    ).toEqual({ name: 'a', inputSchema: 'x', saysItReads: false })
  })

  it.each([
    [{ readOnlyHint: true }, true],
    [{ readOnlyHint: 'true' }, false],
    [{ readOnlyHint: false, idempotentHint: true }, false],
    [undefined, false],
  ])('says with %j that it reads: %s', (annotations, saysItReads) => {
    const listed = parseListedTool({ name: 'a', inputSchema: {}, annotations })
    expect(listed).toMatchObject({ saysItReads })
  })
})
